"""The figures of the pages: functions that take tidy tables and draw on the Axes they are given."""
