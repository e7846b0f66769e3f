"""One file per record kind: its fields, how each merges, how private it is, and how its life goes."""

from contracts.kinds.card import Card
from contracts.kinds.catalog import CodeList, FormTemplate, Org, Product, Script
from contracts.kinds.contact import Contact
from contracts.kinds.counter import Counter
from contracts.kinds.customer import Customer, Holding
from contracts.kinds.duty import Duty
from contracts.kinds.form import Form
from contracts.kinds.lead import Lead
from contracts.kinds.pace import Pace
from contracts.kinds.relation import Relation
from contracts.kinds.reminder import Reminder
from contracts.kinds.request import Request
from contracts.kinds.reveal import Reveal
from contracts.kinds.review import Review
from contracts.kinds.task import Task
from contracts.kinds.ticket import Ticket
from contracts.kinds.visit import Visit
from contracts.kinds.visit_grade import VisitGrade
from contracts.kinds.visit_reply import VisitReply
from contracts.kinds.workbench import Busy, Letter, Note, Notice, Plan, Preference
from contracts.policy import Record

RECORDS: tuple[type[Record], ...] = (
    Ticket, Counter, Pace, Card, Contact, Form, Visit, VisitGrade, VisitReply,
    Customer, Holding, Relation, Reminder,
    Task, Plan, Busy, Lead, Notice, Letter, Note, Preference,
    Request, Review, Reveal, Duty,
    Org, Product, Script, CodeList, FormTemplate,
)  # fmt: skip

__all__ = [
    "RECORDS", "Busy", "Card", "CodeList", "Contact", "Counter", "Customer", "Duty", "Form", "FormTemplate",
    "Holding",
    "Lead", "Letter", "Note", "Notice", "Org", "Pace", "Plan", "Preference", "Product", "Relation", "Reminder",
    "Request", "Reveal", "Review", "Script", "Task", "Ticket", "Visit", "VisitGrade",
    "VisitReply",
]  # fmt: skip
