"""DISCOVERY: which targets there are that Gateline has not started.

Law: asks others, and says what they say; judges no address, knows no Envoy, and keeps nothing between two answers. A
source that does not answer is asked again, later each time, and raises what is wrong with it in words that hold no
secret. Front doors: `source.follow` and the sources beside it.
"""
