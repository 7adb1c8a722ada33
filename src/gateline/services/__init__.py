"""Services: how many tasks of a program run, which ones are started, drained and ended, and when.

Law: pure, but for `probe` and `port`, which open sockets. Knows no Envoy, starts no process, reads no clock: it says
what is to be done (`action`) about what happened (`event`), and the runtime does it.

Front door: `scheduler.Scheduler`, one for each service; `task` for the words a task is started with, `probe.probe`
for the health check of a target group asked by ourselves.
"""
