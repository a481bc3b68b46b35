"""From any file to one data type, and from scores to one edge table."""
