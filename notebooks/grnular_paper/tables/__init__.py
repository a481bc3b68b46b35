"""The tables and numbers of the pages, one module a page: functions of the record's rows."""
