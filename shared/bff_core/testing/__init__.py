"""The public test kit: contexts, clocks, tokens, stubs and verified fakes."""
