"""What texts need before a tower reads them: words joined, tone marks placed, a prefix."""
