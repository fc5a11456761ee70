"""The branches of the fold, by what their events are about."""
