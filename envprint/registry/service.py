"""What the routes work with, and what they compute: comparisons of what is kept."""

from dataclasses import dataclass

from starlette.requests import Request

from envprint.causes import explain
from envprint.fleet.comparing import compare_known
from envprint.fleet.reading import Catalogue, document_of, known_of
from envprint.fleet.report import FleetReport
from envprint.manifest import Manifest, parse_manifest
from envprint.registry.access import Access
from envprint.registry.refusal import RefusedError
from envprint.registry.store import SHOWN, Found, Search, Store
from envprint.registry.writing import Writer
from envprint.report import Report

FLEET = 1000  # manifests that are compared at once


@dataclass(frozen=True)
class Service:
    """A store, the thread that writes into it, and who may do what."""

    store: Store
    writer: Writer
    access: Access

    def manifest(self, found: Found) -> Manifest:
        """Return a manifest that is kept."""
        return parse_manifest(self.store.content(found), found.id)

    def compare(self, a: str, b: str) -> Report:
        """Return how two manifests differ."""
        left, right = self.store.find(a), self.store.find(b)
        return explain(self.manifest(left), self.manifest(right), name_a=name_of(left), name_b=name_of(right))

    def compare_many(self, search: Search) -> FleetReport:
        """Return which of the latest manifests compute the same bits, named by id and host."""
        found = self.store.page(search, FLEET + 1)
        catalogue = Catalogue()
        by_name = {" ".join(filter(None, (each.digest[:SHOWN], each.host))): each for each in found[:FLEET]}
        if len(by_name) < 2:  # noqa: PLR2004 - one alone is not compared
            raise RefusedError(
                404, f"{'one manifest was' if by_name else 'no manifests were'} found; expected two or more"
            )
        known = [
            known_of(document_of(self.store.content(each), name), name, catalogue) for name, each in by_name.items()
        ]
        report = compare_known(known, catalogue, lambda name: self.manifest(by_name[name]))
        if len(found) <= FLEET:
            return report
        return report.model_copy(update={"notes": (*report.notes, f"Compared are the latest {FLEET}.")})


def name_of(found: Found) -> str:
    """Return what a person calls a manifest: its latest label, else its host, else nothing."""
    return next(iter(found.labels), found.host or "")


def service_of(request: Request) -> Service:
    """Return the service that a request is of."""
    service: Service = request.app.state.service
    return service
