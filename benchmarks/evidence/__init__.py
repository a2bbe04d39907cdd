"""Whether what is told as established is true, and whether what is true is found: on made-up histories."""
