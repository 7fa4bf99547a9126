"""Pages of the portal and of the desk."""
