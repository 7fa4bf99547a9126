"""What if other rules had held: a project's history read anew under both, compared, and told; nothing is changed."""
