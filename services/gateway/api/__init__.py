"""The routes of the gateway, all served by one handler."""
