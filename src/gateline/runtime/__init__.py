"""THE HOUSEKEEPER: processes, files and sockets, and the order in which they start and stop.

Everything that touches the machine is here: the state directory, Envoy's process, name resolution, watching
files. The front door is `gateline.runtime.stack.Stack`; it never prints, it hands `gateline.runtime.notice`
values to a face.
"""
