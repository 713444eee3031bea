"""The health campaign: stories of what goes wrong, played with Trimtab and with its peers."""
