"""The parts of a tab: transcript and find, the side panel, the bars."""
