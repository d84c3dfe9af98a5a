"""What the monitors of queues, stacks and priority queues share."""
