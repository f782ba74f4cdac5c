"""Programs of others that say whether what we send is what we meant."""
