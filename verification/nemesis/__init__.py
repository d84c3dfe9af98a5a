"""What goes wrong, and when: faults, their seeded schedule, and who carries it out."""
