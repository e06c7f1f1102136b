"""What a verb writes: tables, JSON, one page."""
