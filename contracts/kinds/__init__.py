"""One file per record kind: its fields, how each merges, how private it is, and how its life goes."""

from contracts.kinds.catalog import FormTemplate, Org, Product
from contracts.kinds.customer import Customer, Holding
from contracts.kinds.form import Form
from contracts.kinds.request import Request
from contracts.kinds.review import Review
from contracts.kinds.task import Task
from contracts.kinds.ticket import Ticket
from contracts.kinds.visit import Visit
from contracts.policy import Record

RECORDS: tuple[type[Record], ...] = (
    Ticket, Form, Visit, Customer, Holding, Task, Request, Review, Org, Product, FormTemplate,
)  # fmt: skip

__all__ = [
    "RECORDS", "Customer", "Form", "FormTemplate", "Holding", "Org",
    "Product", "Request", "Review", "Task", "Ticket", "Visit",
]  # fmt: skip
