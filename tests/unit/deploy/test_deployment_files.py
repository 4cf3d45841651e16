"""The files a deployment is made from: they fit the program, and one another."""

from __future__ import annotations

import ast
import asyncio
import fnmatch
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli import COMMANDS
from app.settings import Settings
from app.settings.loading import variables
from app.settings.model import PREFIX
from tests.support.node import free_port
from tests.support.service import running_service

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
KUBERNETES = ROOT / "deploy" / "kubernetes"
NGINX = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text()
SETTINGS = set(variables(Settings.model_fields, PREFIX).values())
#: After the drain: what the server and its storage take to close.
CLOSING_SECONDS = 10


def manifests(kind: str) -> dict[str, dict[str, Any]]:
    """By name."""
    found = {}
    for file in sorted(KUBERNETES.glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if document["kind"] == kind:
                found[document["metadata"]["name"]] = document
    return found


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("Deployment", "Job"):
        for name, manifest in manifests(kind).items():
            yield name, manifest["spec"]["template"]["spec"]


def ours() -> dict[str, dict[str, Any]]:
    """The services of the compose file that run our program."""
    services = COMPOSE["services"].items()
    return {name: service for name, service in services if "AA_DATABASE_URL" in service.get("environment", {})}


def instructions(name: str) -> list[str]:
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    return [line.removeprefix(f"{name} ") for line in joined.splitlines() if line.startswith(f"{name} ")]


def healthcheck() -> list[str]:
    (check,) = instructions("HEALTHCHECK")
    command: list[str] = ast.literal_eval(check[check.index("[") :])
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


def test_the_image_is_made_from_files_that_are_there_and_let_through() -> None:
    passes = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sources = [source for copy in instructions("COPY") if "--from" not in copy for source in copy.split()[:-1]]
    assert len(sources) > 5
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source.rstrip("/"), one) for one in passes), source


def test_nothing_gets_into_the_image_but_by_its_hash_or_from_beside_it() -> None:
    installs = re.findall(r"pip install ([^&;]*)", " ".join(instructions("RUN")))
    assert len(installs) == 4
    for options in installs:
        assert "--no-deps" in options
        assert "--require-hashes" in options or "--no-index" in options
    assert "://" not in re.sub(r"(?m)^HEALTHCHECK[^\n]*\n[^\n]*$", "", DOCKERFILE)
    assert not re.search(r"index-url|trusted-host|find-links", DOCKERFILE)


def test_the_image_runs_as_a_user_without_rights_and_so_do_the_pods() -> None:
    (user,) = instructions("USER")
    number = int(user.partition(":")[0])
    assert number >= 10_000
    for name, pod in pods():
        context = pod["securityContext"]
        assert (context["runAsUser"], context["runAsNonRoot"], context["fsGroup"]) == (number, True, number), name


@pytest.mark.parametrize("variable", ["AA_PORT", "AA_HEALTH_PORT"])
async def test_the_image_s_health_check_passes_on_a_live_service_and_fails_on_none(
    tmp_path: Path, variable: str
) -> None:
    async def outcome(port: int) -> int:
        process = await asyncio.create_subprocess_exec(
            *healthcheck(), env={**os.environ, variable: str(port)}, stderr=subprocess.DEVNULL
        )
        return await process.wait()

    async with running_service(tmp_path) as service:
        assert await outcome(service.server.port) == 0
    assert await outcome(free_port()) != 0


def test_every_setting_that_the_files_name_exists() -> None:
    named = set(re.findall(r"\b(?:AA_[A-Z_]+|OPENAI_[A-Z_]+)\b", DOCKERFILE + (ROOT / "compose.yaml").read_text()))
    for file in (*KUBERNETES.glob("*.yaml"), ROOT / "deploy" / "compose.env.example"):
        named |= set(re.findall(r"\b(?:AA_[A-Z_]+|OPENAI_[A-Z_]+)\b", file.read_text()))
    assert len(named) > 15
    assert named <= SETTINGS


@pytest.mark.parametrize("name", list(ours()))
def test_what_the_compose_file_sets_is_a_right_configuration(name: str, tmp_path: Path) -> None:
    filled = {
        variable: re.sub(
            r"\$\{\w+(?::-([^}]*)|:\?[^}]*)\}", lambda found: "s" * 32 if found[1] is None else found[1], value
        )
        for variable, value in ours()[name]["environment"].items()
    }
    settings = Settings.load({**filled, "AA_DATA_DIR": str(tmp_path)})
    assert settings.database_kind == "postgresql"


def test_the_compose_file_runs_two_of_each_kind_after_one_migration() -> None:
    services = ours()
    commands = {name: tuple(service["command"]) for name, service in services.items()}
    assert commands == {
        "migrate": ("migrate",),
        "web-1": ("serve", "--no-worker"),
        "web-2": ("serve", "--no-worker"),
        "worker-1": ("worker",),
        "worker-2": ("worker",),
    }
    for name in services.keys() - {"migrate"}:
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert {"nginx", "postgres", "valkey"} <= COMPOSE["services"].keys()
    assert [port for service in COMPOSE["services"].values() for port in service.get("ports", [])] == [
        "127.0.0.1:8080:8080"
    ]


def test_what_may_not_be_needed_is_taken_away_from_containers_and_pods() -> None:
    for name, service in ours().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    for name, pod in pods():
        (container,) = pod["containers"]
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"], name
        assert not context["allowPrivilegeEscalation"], name
        assert context["capabilities"] == {"drop": ["ALL"]}, name
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}, name
        assert not pod["enableServiceLinks"], name
        assert not manifests("ServiceAccount")[pod["serviceAccountName"]]["automountServiceAccountToken"]


def test_a_stop_is_given_the_time_that_a_drain_takes() -> None:
    for name, service in ours().items():
        grace = float(service["stop_grace_period"].removesuffix("s"))
        assert grace > float(service["environment"]["AA_DRAIN_SECONDS"]) + CLOSING_SECONDS, name
    drain = float(manifests("ConfigMap")["assistant-architect"]["data"]["AA_DRAIN_SECONDS"])
    for name, deployment in manifests("Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        hook = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [""])[-1]
        pause = float(re.search(r"sleep\((\d+)\)", hook)[1]) if hook else 0.0  # type: ignore[index]
        assert pod["terminationGracePeriodSeconds"] > pause + drain + CLOSING_SECONDS, name


def test_probes_ask_what_there_is_on_a_port_that_is_open() -> None:
    for name, deployment in manifests("Deployment").items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        given = {one["name"]: one["value"] for one in container["env"]}
        assert str(ports["metrics"]) == given["AA_METRICS_PORT"]
        asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")}
        assert {kind: one["path"] for kind, one in asked.items()} == {
            "startup": "/livez", "readiness": "/readyz", "liveness": "/livez",
        }, name  # fmt: skip
        port = {ports[one["port"]] for one in asked.values()}
        assert port == {int(given.get("AA_HEALTH_PORT", Settings.model_fields["port"].default))}, name


def test_manifests_fit_one_another() -> None:
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    files = {file.name for file in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == files
    deployments = manifests("Deployment")
    for name, deployment in deployments.items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
        budget = manifests("PodDisruptionBudget")[name]["spec"]
        assert budget["selector"]["matchLabels"] == deployment["spec"]["selector"]["matchLabels"]
        assert deployment["spec"]["template"]["spec"]["containers"][0]["args"][0] in COMMANDS
    (scaler,) = manifests("HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"]["name"] in deployments
    assert "replicas" not in deployments["worker"]["spec"], "the autoscaler's figure would be set back at each apply"
    metric = scaler["spec"]["metrics"][0]["external"]["metric"]["name"]
    assert f'"{metric}"' in (ROOT / "app" / "metrics" / "families.py").read_text()
    service = manifests("Ingress")["web"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"]
    assert service in manifests("Service")


def test_secrets_are_taken_by_reference_and_stand_in_no_file() -> None:
    secret = {"AA_DATABASE_URL", "AA_SECRET_KEY", "AA_METRICS_TOKEN", "OPENAI_API_KEY", "AA_BOOTSTRAP_API_KEY"}
    assert not manifests("Secret")
    assert not secret & manifests("ConfigMap")["assistant-architect"]["data"].keys()
    for name, pod in pods():
        sources = pod["containers"][0]["envFrom"]
        assert {"secretRef": {"name": "assistant-architect"}} in sources, name
    example = (ROOT / "deploy" / "compose.env.example").read_text()
    assert not [
        line
        for line in example.splitlines()
        if re.match(r"(POSTGRES_PASSWORD|AA_SECRET_KEY|AA_\w*TOKEN|\w*API_KEY)=.", line)
    ]


def test_proxies_wait_longer_than_five_heartbeats() -> None:
    heartbeat = Settings.model_fields["heartbeat_seconds"].default
    nginx = re.search(r"proxy_read_timeout (\d+)s;", NGINX)
    assert nginx is not None
    annotations = manifests("Ingress")["web"]["metadata"]["annotations"]
    ingress = annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]
    assert min(int(nginx[1]), int(ingress)) > 5 * heartbeat
    assert "proxy_buffering off;" in NGINX
    assert annotations["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
