"""The routes to customers, for those who work online."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter

from backend.sync_api.customers import CustomerDesk
from contracts.base import UUID_PATTERN
from contracts.customers import CustomerView, RevealAnswer, RevealRequest
from sync.kind import Actor

CustomerPath = Annotated[str, PathParameter(pattern=UUID_PATTERN)]


class CustomerController(Controller):
    """One customer, masked; and a field in full."""

    path = "/customers"
    tags = ("customers",)

    @get("/{customer_id:str}", sync_to_thread=True)
    def show_customer(
        self, customer_id: CustomerPath, actor: NamedDependency[Actor], customers: NamedDependency[CustomerDesk]
    ) -> CustomerView:
        """A customer as far as the caller's right goes, private fields masked."""
        return customers.view(actor, customer_id)

    @post("/{customer_id:str}/reveal", status_code=200, sync_to_thread=True)
    def reveal(
        self,
        customer_id: CustomerPath,
        data: JSONBody[RevealRequest],
        actor: NamedDependency[Actor],
        customers: NamedDependency[CustomerDesk],
    ) -> RevealAnswer:
        """One field in full, for a supervisor of the area who says why; it is audited."""
        return customers.reveal(actor, customer_id, data)
