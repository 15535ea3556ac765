"""The settings of a service: one instance is one town."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from roadscan.model.access import Role
from roadscan.serve.uploads.upload_storage import Limits

GIB = 1024**3


class OidcSettings(BaseModel):
    """A town's own login service (OpenID Connect)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    issuer: str
    """Its address, exactly as it calls itself: https, or http on this machine."""
    client_id: str
    secret: SecretStr = SecretStr("")
    """"" for a public client, which PKCE alone protects."""
    role_claim: str = ""
    """Where in the id token roles stand, such as realm_access.roles; "" if they are given here."""
    roles: tuple[tuple[str, Role], ...] = ()
    """Role there and role here; the first that fits holds."""


class BasemapSettings(BaseModel):
    """A background for the map, from a tile server that browsers ask."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    """Of a tile, with {z}, {x}, {y}, or {bbox-epsg-3857}."""
    origin: str
    """Scheme and host of it: all that the pages' content policy adds."""
    attribution: str


class ServeSettings(BaseModel):
    """What `roadscan serve` and `roadscan work` are told."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    data: Path
    """The folder that holds everything of this town."""
    database: str = ""
    """postgresql://... for a service on several machines; "" keeps all in the folder (SQLite)."""
    public_collections: frozenset[str] = frozenset()
    """Layers that anybody may read; pictures are never among them."""
    cookie_secure: bool = False
    """Send the session's cookie over HTTPS only: set it behind a proxy with TLS."""
    oidc: OidcSettings | None = None
    """Logins by a service outside, beside the accounts here."""
    basemap: BasemapSettings | None = None
    """None: no page asks any other server."""
    operator: str = ""
    """Name and contact of whoever is responsible, for the notices; "" names nobody."""
    session_s: Annotated[float, Field(gt=0)] = 12 * 3600.0
    allow_origins: tuple[str, ...] = ()
    """Web pages of other origins that may read the layers (CORS)."""
    max_upload_bytes: Annotated[int, Field(gt=0)] = 64 * GIB
    upload_quota_bytes: Annotated[int, Field(gt=0)] = 2048 * GIB
    """What one account may have here: its files and its uploads under way."""
    free_disk_reserve_bytes: Annotated[int, Field(ge=0)] = 5 * GIB
    """An upload that would leave less than this is refused before its first byte."""
    keep_raw_s: Annotated[float, Field(ge=0)] = 7 * 86400.0
    """How long a video is kept after its results; see roadscan.serve.retention."""
    deletes_raw: bool = True
    """Whether workers delete, once a day, the raw recordings whose time is over."""
    picture_every_m: Annotated[float, Field(ge=0, le=1000)] = 20.0
    """One picture is kept for so many metres driven, besides those of damages; 0 for none."""
    upload_expires_s: Annotated[float, Field(gt=0)] = 7 * 86400.0
    """An unfinished upload is cleared away after so long without a byte."""

    @property
    def upload_limits(self) -> Limits:
        """What the storage of uploads takes in."""
        return Limits(
            self.max_upload_bytes,
            self.upload_quota_bytes,
            self.free_disk_reserve_bytes,
            self.upload_expires_s,
        )
