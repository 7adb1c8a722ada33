"""Processes of the user's: functions and tasks of services.

Law: started tied to our life, as users of their own where that can be, and ended with all that they have started;
knows neither functions nor services. Front doors: `isolation.start`, `strays.end_strays`.
"""
