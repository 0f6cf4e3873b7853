"""An identity provider that says who somebody is (OpenID Connect, by authorization code with PKCE)."""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from syncline.config.web import Oidc
from syncline.people import Refused
from syncline.secret import Secret

_LOG = logging.getLogger("syncline.web")
_WITHIN = 10
"""Seconds the provider has for each answer."""
_LEEWAY = 60
"""Seconds by which its clock may differ from ours."""
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser keeps while its owner is at the provider; nobody else's answer fits it."""

    state: str
    nonce: str
    verifier: str
    way: str

    @classmethod
    def new(cls, way: str) -> Asked:
        """For somebody who wants to go on to `way`."""
        return cls(secrets.token_urlsafe(48), secrets.token_urlsafe(48), secrets.token_urlsafe(48), way)

    @classmethod
    def read(cls, text: str) -> Asked | None:
        """What `text` kept; None: nothing of ours."""
        try:
            state, nonce, verifier, way = map(str, json.loads(text))
        except (ValueError, TypeError, RecursionError):
            return None
        return cls(state, nonce, verifier, way)

    def __str__(self) -> str:
        return json.dumps([self.state, self.nonce, self.verifier, self.way])


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider of the settings; `back` is where it sends people to."""

    settings: Oidc
    back: str

    def page(self, asked: Asked) -> str:
        """Where somebody is sent to say who they are.

        Raises:
            Refused: the provider does not answer as it should.
        """
        try:
            with self._client() as client:
                url, _ = client.create_authorization_url(
                    self._about(client)["authorization_endpoint"],
                    state=asked.state,
                    nonce=asked.nonce,
                    code_verifier=asked.verifier,
                )
        except (httpx.HTTPError, AuthlibBaseError, KeyError, ValueError) as error:
            raise _refused(error) from error
        return str(url)

    def email(self, asked: Asked, code: str) -> str:
        """Whose email the provider vouches for.

        Raises:
            Refused: nobody's.
        """
        try:
            with self._client() as client:
                about = self._about(client)
                told = client.fetch_token(about["token_endpoint"], code=code, code_verifier=asked.verifier)
                keys = KeySet.import_key_set(_got(client, about["jwks_uri"]))
                claims = self._checked(told["id_token"], keys, asked.nonce)
                if "email" not in claims and "userinfo_endpoint" in about:
                    claims |= self._more(client, about["userinfo_endpoint"], claims["sub"])
        except (httpx.HTTPError, AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise _refused(error) from error
        if claims.get("email_verified") is not True or not isinstance(claims.get("email"), str):
            raise Refused("the identity provider does not vouch for an email of yours")
        return str(claims["email"])

    def _about(self, client: OAuth2Client) -> dict[str, Any]:
        """What the provider says about itself."""
        issuer = self.settings.issuer
        about = _got(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if about["issuer"] != issuer:
            raise ValueError(f"it says it is {about['issuer']}")
        return about

    def _checked(self, token: str, keys: KeySet, nonce: str) -> dict[str, Any]:
        claims: dict[str, Any] = dict(jwt.decode(token, keys, algorithms=_ALGORITHMS).claims)
        wanted = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            sub={"essential": True},
        )
        wanted.validate(claims)
        return claims

    def _more(self, client: OAuth2Client, url: str, subject: str) -> dict[str, Any]:
        found = client.get(url).raise_for_status().json()
        if found["sub"] != subject:
            raise ValueError("it speaks of somebody else")
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    def _client(self) -> OAuth2Client:
        secret = self.settings.client_secret
        return OAuth2Client(
            self.settings.client_id,
            secret.reveal() if isinstance(secret, Secret) else secret or None,
            redirect_uri=self.back,
            scope="openid email",
            code_challenge_method="S256",
            timeout=_WITHIN,
        )


def _got(client: OAuth2Client, url: str) -> Any:
    return client.request("GET", url, withhold_token=True).raise_for_status().json()


def _refused(error: Exception) -> Refused:
    _LOG.warning("the identity provider: %s: %s", type(error).__name__, error)
    return Refused("the identity provider did not say who you are; try again")
