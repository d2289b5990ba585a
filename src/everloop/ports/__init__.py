"""What services need from outside, as protocols. `app.py` hands the implementations in."""
