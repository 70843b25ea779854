"""CMS and RAS as apps with a guarded blueprint, over databases of their schema in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from dishka import Provider, Scope, make_async_container
from quart import Blueprint, Quart, jsonify, request
from quart.typing import ResponseReturnValue
from quart_dishka import QuartDishka
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.identity_databases import create_database

KEY = "internal-key-for-tests"
HEADERS = {"X-Internal-API-Key": KEY, "X-Service-ID": "bff-teacher-service"}

SCHEMAS = {
    "cms": """
        CREATE TABLE essay_student_associations (
            id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
            essay_id UUID NOT NULL UNIQUE,
            student_id UUID NOT NULL,
            batch_id UUID NOT NULL,
            class_id UUID NOT NULL,
            created_by_user_id VARCHAR(255) NOT NULL,
            created_at TIMESTAMP NOT NULL DEFAULT now(),
            confidence_score FLOAT,
            match_reasons JSON,
            validation_status VARCHAR(50) NOT NULL,
            validated_by VARCHAR(255),
            validated_at TIMESTAMP,
            validation_method VARCHAR(50)
        );
        CREATE INDEX ON essay_student_associations (batch_id, validation_status)
    """,
    "ras": """
        CREATE TYPE processingstage AS ENUM
            ('PENDING', 'INITIALIZED', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED');
        CREATE TABLE batch_results (
            batch_id VARCHAR(255) PRIMARY KEY,
            user_id VARCHAR(255) NOT NULL,
            essay_count INTEGER NOT NULL,
            created_at TIMESTAMP NOT NULL DEFAULT now()
        );
        CREATE TABLE essay_results (
            essay_id VARCHAR(255) PRIMARY KEY,
            batch_id VARCHAR(255) REFERENCES batch_results,
            filename VARCHAR(255),
            file_upload_id VARCHAR(255),
            original_text_storage_id VARCHAR(255),
            spellcheck_status processingstage,
            spellcheck_correction_count INTEGER,
            spellcheck_corrected_text_storage_id VARCHAR(255),
            spellcheck_error_detail JSON,
            cj_assessment_status processingstage,
            cj_rank INTEGER,
            cj_score FLOAT,
            cj_assessment_error_detail JSON,
            created_at TIMESTAMP NOT NULL DEFAULT now(),
            updated_at TIMESTAMP NOT NULL
        )
    """,
}


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest, postgres_url: str) -> str:
    """URL of a database with the tables of the module's `SERVICE`."""

    async def create() -> str:
        url = await create_database(postgres_url)
        async with opened(url) as engine, engine.begin() as connection:
            for statement in SCHEMAS[request.module.SERVICE].split(";"):
                await connection.execute(text(statement))
        return url

    return asyncio.run(create())


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    async with opened(database) as made:
        yield made


def guarded_app(route: Blueprint, engine: AsyncEngine) -> Quart:
    """The platform's wiring: a container with an engine, and a blueprint that checks the key."""
    app = Quart("platform")
    provider = Provider(Scope.APP)
    provider.provide(lambda: engine, provides=AsyncEngine)
    QuartDishka(app=app, container=make_async_container(provider))
    internal = Blueprint("internal", "platform", url_prefix="/internal/v1")

    @internal.before_request
    async def authenticate() -> ResponseReturnValue | None:
        if not request.headers.get("X-Internal-API-Key"):
            return jsonify({"error": "Missing authentication"}), 401
        right = request.headers["X-Internal-API-Key"] == KEY
        return None if right else (jsonify({"error": "Invalid credentials"}), 401)

    internal.register_blueprint(route)
    app.register_blueprint(internal)
    return app
