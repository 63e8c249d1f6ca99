"""What stands behind `run.py`: installing, starting, testing. Standard library only."""
