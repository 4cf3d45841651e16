"""What routes are given by name: made once by the composition root, under the names used here."""

from typing import TypeAlias

from litestar.di import NamedDependency

from app.api.access import Access
from app.api.api_document import ApiDocument
from app.api.assistants.definition_body import DefinitionReader
from app.api.assistants.importing import Importer
from app.api.delivery import Delivery
from app.api.diagnosis import Diagnosis
from app.api.new_key import KeyMaker
from app.api.readiness import Readiness
from app.api.rerunning import Rerunner
from app.api.signing_in import SignIn
from app.api.starting import Starter
from app.db.api_keys import ApiKeyRepository
from app.db.assistants import AssistantRepository
from app.db.execution_reader import ExecutionReader
from app.http.api_keys import ApiKeys
from app.http.csrf import CsrfTokens
from app.http.sessions import WebSessions
from app.metrics.page import MetricsPage
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.streaming_service.service import StreamingService

TheAccess: TypeAlias = NamedDependency[Access]
TheApiKeys: TypeAlias = NamedDependency[ApiKeyRepository]
TheAssistants: TypeAlias = NamedDependency[AssistantRepository]
TheCatalogue: TypeAlias = NamedDependency[ModelCatalogue]
TheCsrf: TypeAlias = NamedDependency[CsrfTokens]
TheDefinitions: TypeAlias = NamedDependency[DefinitionReader]
TheDelivery: TypeAlias = NamedDependency[Delivery]
TheDiagnosis: TypeAlias = NamedDependency[Diagnosis]
TheDocument: TypeAlias = NamedDependency[ApiDocument]
TheExecutions: TypeAlias = NamedDependency[ExecutionReader]
TheImporter: TypeAlias = NamedDependency[Importer]
TheKeyCache: TypeAlias = NamedDependency[ApiKeys]
TheKeyMaker: TypeAlias = NamedDependency[KeyMaker]
TheMetrics: TypeAlias = NamedDependency[MetricsPage]
TheReadiness: TypeAlias = NamedDependency[Readiness]
TheRerunner: TypeAlias = NamedDependency[Rerunner]
TheService: TypeAlias = NamedDependency[StreamingService]
TheSessions: TypeAlias = NamedDependency[WebSessions]
TheSignIn: TypeAlias = NamedDependency[SignIn]
TheStarter: TypeAlias = NamedDependency[Starter]
