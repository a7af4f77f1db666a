"""What happened when, painted: lanes by agent, with bars that lead to the transcript."""
