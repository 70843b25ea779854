"""The domain services that this repository does not own, as their contracts say."""
