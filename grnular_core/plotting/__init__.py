"""Figures: functions that draw tidy tables on the axes they are given. The only part with matplotlib."""
