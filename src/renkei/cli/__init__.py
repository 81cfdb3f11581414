"""The command line: ``renkei train``, ``renkei predict``, ``renkei doctor``. One file per verb."""
