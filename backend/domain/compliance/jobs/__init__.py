"""What is done to duties: judged when a fact comes or a day passes, closed with their month, revised afterwards."""
