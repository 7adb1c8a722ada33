"""TERMINAL FACE: one file per command. Commands load, compile and run through the other rooms' front doors.

`app` knows the commands' names only and imports a command's module when it is called, so that help and
completion answer at once. What a command finds out goes to standard output; what is wrong, to standard error.
"""
