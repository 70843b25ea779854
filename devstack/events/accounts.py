"""Events of credits, classes and pupils, which no service consumes."""

from collections.abc import Mapping, Sequence

from devstack.events.event import Data, Event, Moment, stamp


def balance_changed(
    subject_type: str, subject_id: str, delta: int, balance: int, when: Moment
) -> Event:
    data: Data = {
        "subject": {"type": subject_type, "id": subject_id},
        "delta": delta,
        "new_balance": balance,
        "reason": "credit_operation",
        "correlation_id": when.correlation_id,
    }
    about: Data = {"partition_key": subject_id, "subject_type": subject_type, "delta": delta}
    topic, source = "entitlements.credit.balance.changed", "entitlements_service"
    return Event(topic, subject_id, source, when.correlation_id, data, about)


def class_changed(
    verb: str,
    class_id: str,
    name: str | None,
    courses: Sequence[str] | None,
    *,
    user_id: str,
    when: Moment,
) -> Event:
    """`verb` is `created` or `updated`; an update leaves out what stays as it is."""
    fields = {
        "class_id": class_id,
        "class_designation": name,
        "course_codes": list(courses) if courses else None,
        "user_id": user_id,
    }
    return _of_classes(f"class.{verb}", fields, when)


def student_created(
    student_id: str,
    names: tuple[str, str],
    email: str | None,
    class_ids: Sequence[str],
    *,
    user_id: str,
    when: Moment,
) -> Event:
    more = {"class_ids": list(class_ids), "created_by_user_id": user_id}
    return _of_classes("class.student.created", _pupil(student_id, names, email) | more, when)


def student_updated(
    student_id: str,
    names: tuple[str, str] | tuple[None, None],
    email: str | None,
    classes: Mapping[str, Sequence[str] | None],
    *,
    user_id: str,
    when: Moment,
) -> Event:
    """`classes` has `add` and `remove`."""
    more = {f"{verb}_class_ids": ids for verb, ids in classes.items()}
    fields = _pupil(student_id, names, email) | more | {"updated_by_user_id": user_id}
    return _of_classes("class.student.updated", fields, when)


def _pupil(student_id: str, names: tuple[str | None, str | None], email: str | None) -> Data:
    first, last = names
    named = {"first_name": first, "last_name": last}
    return {"student_id": student_id, **named, "student_email": email}


def _of_classes(topic: str, fields: Data, when: Moment) -> Event:
    """Their key is the correlation id, so that events of one class have no order."""
    name = topic.removeprefix("class.") if topic.startswith("class.student") else topic
    about: Data = {"partition_key": when.correlation_id}
    data = stamp(name, when) | fields
    source = "class_management_service"
    return Event(topic, when.correlation_id, source, when.correlation_id, data, about)
