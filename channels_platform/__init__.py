"""The platform under the four business apps: settings, people, privacy, audit, jobs, HTTP."""
