"""The core: arrays that remember their computation, and the walk back through it.

Read in this order: variable, function, graph, elementwise, dispatch.
"""
