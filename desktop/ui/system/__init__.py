"""The desktop around the window: one instance, notifications, tray, portal, links, crashes."""
