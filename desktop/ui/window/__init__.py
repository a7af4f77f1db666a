"""The parts of the main window: corners, tabs outside of it, copies of tabs, how it all stands."""
