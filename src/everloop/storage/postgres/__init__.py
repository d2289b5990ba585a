"""What is different on PostgreSQL: connections, transactions, the log writer, partitions, and how news travel."""
