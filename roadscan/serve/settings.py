"""The settings of a service; each instance serves one town."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from roadscan.model.access import Role

GIB = 1024**3
PARENT: Final = "ROADSCAN_PARENT"
"""Environment variable in which `roadscan serve` gives its workers its process id."""


class OidcSettings(BaseModel):
    """The login service of the town (OpenID Connect)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    issuer: str
    """Its address, exactly as it states it: https, or http on this machine."""
    client_id: str
    secret: SecretStr = SecretStr("")
    """"" for a public client, which PKCE alone protects."""
    role_claim: str = ""
    """Claim of the id token with the roles, e.g. realm_access.roles; "" if they are set here."""
    roles: tuple[tuple[str, Role], ...] = ()
    """Pairs of an external role and a role here; the first match wins."""


class BasemapSettings(BaseModel):
    """A background for the map, from a tile server that browsers use directly."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    """Template of a tile's address, with {z}, {x}, {y}, or {bbox-epsg-3857}."""
    origin: str
    """Its scheme and host, the only addition to the pages' content security policy."""
    attribution: str


class ServeSettings(BaseModel):
    """The settings of a town, from the options of `roadscan serve` and `roadscan work`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    data: Path
    """The folder that holds everything of this town."""
    database: str = ""
    """postgresql://... for a service on several machines; "" for SQLite in the data folder."""
    public_collections: frozenset[str] = frozenset()
    """Layers that anyone may read; pictures are never among them."""
    cookie_secure: bool = False
    """Send the session cookie over HTTPS only; to be set behind a TLS proxy."""
    oidc: OidcSettings | None = None
    """An external login service, in addition to the local accounts."""
    basemap: BasemapSettings | None = None
    """With None, no page contacts any other server."""
    operator: str = ""
    """Name and contact of the operator for the legal notices; "" leaves them out."""
    session_s: Annotated[float, Field(gt=0)] = 12 * 3600.0
    allow_origins: tuple[str, ...] = ()
    """Origins of other web pages that may read the layers (CORS)."""
    max_upload_bytes: Annotated[int, Field(gt=0)] = 64 * GIB
    upload_quota_bytes: Annotated[int, Field(gt=0)] = 2048 * GIB
    """Limit for one account: its files and its unfinished uploads."""
    free_disk_reserve_bytes: Annotated[int, Field(ge=0)] = 5 * GIB
    """An upload that would leave less than this is refused before its first byte."""
    keep_raw_s: Annotated[float, Field(ge=0)] = 7 * 86400.0
    """How long a video stays after its results; see roadscan.serve.retention."""
    deletes_raw: bool = True
    """Whether workers delete, once a day, the raw recordings whose retention time is over."""
    picture_every_m: Annotated[float, Field(ge=0, le=1000)] = 20.0
    """Metres driven per stored picture, in addition to those of damages; 0 for none."""
    upload_expires_s: Annotated[float, Field(gt=0)] = 7 * 86400.0
    """An unfinished upload is removed after this long without new data."""
