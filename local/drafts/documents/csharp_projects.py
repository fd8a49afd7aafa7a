"""The project files of the C# sample: what references what, and which packages there are. Pure."""

from local.drafts.design.model import Design
from local.drafts.documents.csharp_code import DRIVERS, IN_MEMORY, Names
from local.drafts.documents.markdown import file_block, paragraphs

_VERSIONS = {  # one set that was compiled together
    "Azure.Extensions.AspNetCore.Configuration.Secrets": "1.4.0",
    "Azure.Identity": "1.21.0",
    "Azure.Monitor.OpenTelemetry.AspNetCore": "1.6.0",
    "Microsoft.AspNetCore.Authentication.JwtBearer": "10.0.15",
    "Microsoft.NET.Test.Sdk": "18.11.0",
    "Serilog.AspNetCore": "10.0.0",
    "coverlet.collector": "10.0.1",
    "xunit": "2.9.3",
    "xunit.runner.visualstudio": "3.1.5",
}
_API = (
    "Azure.Extensions.AspNetCore.Configuration.Secrets",
    "Azure.Identity",
    "Azure.Monitor.OpenTelemetry.AspNetCore",
    "Microsoft.AspNetCore.Authentication.JwtBearer",
    "Serilog.AspNetCore",
)
_TESTS = ("Microsoft.NET.Test.Sdk", "coverlet.collector", "xunit", "xunit.runner.visualstudio")

_COMMON = """<Project>
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <RestorePackagesWithLockFile>true</RestorePackagesWithLockFile>
  </PropertyGroup>
</Project>"""


def projects(design: Design, names: Names) -> str:
    """Every file that `dotnet build` needs besides the sources."""
    driver = DRIVERS.get(design.database, IN_MEMORY)
    return paragraphs(
        file_block(f"{names.root}.slnx", "xml", _solution()),
        file_block("Directory.Build.props", "xml", _COMMON),
        file_block("Directory.Packages.props", "xml", _packages(driver.package, driver.version)),
        file_block("src/Domain/Domain.csproj", "xml", _project(names, "Domain")),
        file_block("src/Application/Application.csproj", "xml", _project(names, "Application", "Domain")),
        file_block(
            "src/Infrastructure/Infrastructure.csproj",
            "xml",
            _project(names, "Infrastructure", "Application", packages=(driver.package,)),
        ),
        file_block(
            "src/Api/Api.csproj",
            "xml",
            _project(names, "Api", "Application", "Infrastructure", packages=_API, sdk="Microsoft.NET.Sdk.Web"),
        ),
        file_block("tests/unit/Unit.csproj", "xml", _test_project(names)),
    )


def _solution() -> str:
    paths = [f"src/{name}/{name}.csproj" for name in ("Domain", "Application", "Infrastructure", "Api")]
    lines = "\n".join(f'  <Project Path="{path}" />' for path in (*paths, "tests/unit/Unit.csproj"))
    return f"<Solution>\n{lines}\n</Solution>"


def _packages(driver: str, version: str) -> str:
    versions = sorted((_VERSIONS | {driver: version}).items())
    lines = "\n".join(f'    <PackageVersion Include="{name}" Version="{number}" />' for name, number in versions)
    central = "<ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally>"
    return f"""<Project>
  <PropertyGroup>
    {central}
  </PropertyGroup>
  <ItemGroup>
{lines}
  </ItemGroup>
</Project>"""


def _project(
    names: Names, name: str, *references: str, packages: tuple[str, ...] = (), sdk: str = "Microsoft.NET.Sdk"
) -> str:
    items = [f'    <ProjectReference Include="../{one}/{one}.csproj" />' for one in references]
    items += [f'    <PackageReference Include="{one}" />' for one in packages]
    group = "\n  <ItemGroup>\n" + "\n".join(items) + "\n  </ItemGroup>" if items else ""
    secrets = f"\n    <UserSecretsId>{names.root}.{name}</UserSecretsId>" if sdk.endswith(".Web") else ""
    return f"""<Project Sdk="{sdk}">
  <PropertyGroup>
    <RootNamespace>{names.root}.{name}</RootNamespace>
    <AssemblyName>{names.root}.{name}</AssemblyName>{secrets}
  </PropertyGroup>{group}
</Project>"""


def _test_project(names: Names) -> str:
    packages = "\n".join(f'    <PackageReference Include="{one}" />' for one in _TESTS)
    return f"""<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <RootNamespace>{names.root}.Tests</RootNamespace>
    <AssemblyName>{names.root}.Tests</AssemblyName>
    <IsPackable>false</IsPackable>
  </PropertyGroup>
  <ItemGroup>
    <ProjectReference Include="../../src/Application/Application.csproj" />
{packages}
  </ItemGroup>
</Project>"""
