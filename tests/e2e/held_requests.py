"""Requests of a page that a test holds back."""

from playwright.sync_api import Route

from tests.e2e.web_pages import Screen


class Held:
    """Requests that wait until the test lets them go."""

    def __init__(self, screen: Screen, pattern: str, method: str) -> None:
        self.routes: list[Route] = []
        self.method = method
        screen.page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if route.request.method == self.method:
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self, screen: Screen) -> Route:
        """The first of them, once it is there."""
        for _ in range(600):
            if self.routes:
                return self.routes[0]
            screen.page.wait_for_timeout(50)
        raise AssertionError("no such request")
