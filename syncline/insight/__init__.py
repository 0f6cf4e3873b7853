"""What people want to know of runs, models and rows; asked of the store and of what runs have kept."""
