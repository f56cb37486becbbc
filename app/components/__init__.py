"""Canvas components: each one .py beside one .js."""
