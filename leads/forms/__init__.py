"""What people enter about clients, checked before any rule is asked."""
