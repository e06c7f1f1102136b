"""By which scheme a script steps."""
