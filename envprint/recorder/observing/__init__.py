"""What is heard of each library that a run imports: one function for each, which returns what ends that."""
