# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates that say for which parties, in which environment and for which operations they speak.

RootCA -> ServerCA and ClientCA -> leaves. Import from the modules: `issuing` makes certificates, `checking` judges a
chain that somebody shows, `permissions` says what a certificate allows, `folder` keeps the files of an authority.
"""
