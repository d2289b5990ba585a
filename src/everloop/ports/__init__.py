"""What services need from outside, as protocols. `app` hands the implementations in.

Every method of a store takes the caller's `Scope` first and never leaves its organisation, unless it says so. Writes
return once they are on disk. Each write that changes how calls are answered also records a `Change` for the feed, in
the same transaction. A database that cannot be reached or written raises `errors.Unavailable`.
"""
