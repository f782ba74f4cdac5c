-- A database of the release before 0004 (schema 0003), made by that release itself: six
-- people signed up and confirmed at noon of 23 November 2026, two evenings went by; one
-- paused, one unsubscribed, one bounced, one waits for a confirmation. At 19:04 of the
-- 25th two reminders were planned, and a worker was killed while it sent one of them.
-- Keys: look-up 32 times l, seal 2026-11 32 times s.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.consent (
    subscriber_id bigint NOT NULL,
    what text NOT NULL,
    given_at timestamp with time zone NOT NULL,
    wording_version text NOT NULL,
    withdrawn_at timestamp with time zone
);
CREATE TABLE public.feedback (
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    why text NOT NULL
);
CREATE TABLE public.history (
    subscriber_id bigint NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE public.night (
    subscriber_id bigint NOT NULL,
    night date NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    catalogue_version text NOT NULL,
    outcome text,
    reason text
)
PARTITION BY RANGE (night);
CREATE TABLE public.night_202611 (
    subscriber_id bigint CONSTRAINT night_subscriber_id_not_null NOT NULL,
    night date CONSTRAINT night_night_not_null NOT NULL,
    sealed bytea CONSTRAINT night_sealed_not_null NOT NULL,
    key_id text CONSTRAINT night_key_id_not_null NOT NULL,
    catalogue_version text CONSTRAINT night_catalogue_version_not_null NOT NULL,
    outcome text,
    reason text
);
CREATE TABLE public.outbox (
    subscriber_id bigint NOT NULL,
    night date NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    not_before timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    lease_until timestamp with time zone,
    claimed_by text,
    attempts smallint NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    reason text,
    updated_at timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['reminder'::text, 'confirmation'::text, 'manage_link'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'claimed'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text])))
)
PARTITION BY RANGE (night);
CREATE TABLE public.outbox_20261122 (
    subscriber_id bigint CONSTRAINT outbox_subscriber_id_not_null NOT NULL,
    night date CONSTRAINT outbox_night_not_null NOT NULL,
    kind text CONSTRAINT outbox_kind_not_null NOT NULL,
    state text CONSTRAINT outbox_state_not_null NOT NULL,
    not_before timestamp with time zone CONSTRAINT outbox_not_before_not_null NOT NULL,
    expires_at timestamp with time zone CONSTRAINT outbox_expires_at_not_null NOT NULL,
    lease_until timestamp with time zone,
    claimed_by text,
    attempts smallint CONSTRAINT outbox_attempts_not_null NOT NULL,
    sealed bytea CONSTRAINT outbox_sealed_not_null NOT NULL,
    key_id text CONSTRAINT outbox_key_id_not_null NOT NULL,
    reason text,
    updated_at timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['reminder'::text, 'confirmation'::text, 'manage_link'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'claimed'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text])))
);
CREATE TABLE public.outbox_20261123 (
    subscriber_id bigint CONSTRAINT outbox_subscriber_id_not_null NOT NULL,
    night date CONSTRAINT outbox_night_not_null NOT NULL,
    kind text CONSTRAINT outbox_kind_not_null NOT NULL,
    state text CONSTRAINT outbox_state_not_null NOT NULL,
    not_before timestamp with time zone CONSTRAINT outbox_not_before_not_null NOT NULL,
    expires_at timestamp with time zone CONSTRAINT outbox_expires_at_not_null NOT NULL,
    lease_until timestamp with time zone,
    claimed_by text,
    attempts smallint CONSTRAINT outbox_attempts_not_null NOT NULL,
    sealed bytea CONSTRAINT outbox_sealed_not_null NOT NULL,
    key_id text CONSTRAINT outbox_key_id_not_null NOT NULL,
    reason text,
    updated_at timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['reminder'::text, 'confirmation'::text, 'manage_link'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'claimed'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text])))
);
CREATE TABLE public.outbox_20261124 (
    subscriber_id bigint CONSTRAINT outbox_subscriber_id_not_null NOT NULL,
    night date CONSTRAINT outbox_night_not_null NOT NULL,
    kind text CONSTRAINT outbox_kind_not_null NOT NULL,
    state text CONSTRAINT outbox_state_not_null NOT NULL,
    not_before timestamp with time zone CONSTRAINT outbox_not_before_not_null NOT NULL,
    expires_at timestamp with time zone CONSTRAINT outbox_expires_at_not_null NOT NULL,
    lease_until timestamp with time zone,
    claimed_by text,
    attempts smallint CONSTRAINT outbox_attempts_not_null NOT NULL,
    sealed bytea CONSTRAINT outbox_sealed_not_null NOT NULL,
    key_id text CONSTRAINT outbox_key_id_not_null NOT NULL,
    reason text,
    updated_at timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['reminder'::text, 'confirmation'::text, 'manage_link'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'claimed'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text])))
);
CREATE TABLE public.outbox_20261125 (
    subscriber_id bigint CONSTRAINT outbox_subscriber_id_not_null NOT NULL,
    night date CONSTRAINT outbox_night_not_null NOT NULL,
    kind text CONSTRAINT outbox_kind_not_null NOT NULL,
    state text CONSTRAINT outbox_state_not_null NOT NULL,
    not_before timestamp with time zone CONSTRAINT outbox_not_before_not_null NOT NULL,
    expires_at timestamp with time zone CONSTRAINT outbox_expires_at_not_null NOT NULL,
    lease_until timestamp with time zone,
    claimed_by text,
    attempts smallint CONSTRAINT outbox_attempts_not_null NOT NULL,
    sealed bytea CONSTRAINT outbox_sealed_not_null NOT NULL,
    key_id text CONSTRAINT outbox_key_id_not_null NOT NULL,
    reason text,
    updated_at timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['reminder'::text, 'confirmation'::text, 'manage_link'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'claimed'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text])))
);
CREATE TABLE public.outbox_20261126 (
    subscriber_id bigint CONSTRAINT outbox_subscriber_id_not_null NOT NULL,
    night date CONSTRAINT outbox_night_not_null NOT NULL,
    kind text CONSTRAINT outbox_kind_not_null NOT NULL,
    state text CONSTRAINT outbox_state_not_null NOT NULL,
    not_before timestamp with time zone CONSTRAINT outbox_not_before_not_null NOT NULL,
    expires_at timestamp with time zone CONSTRAINT outbox_expires_at_not_null NOT NULL,
    lease_until timestamp with time zone,
    claimed_by text,
    attempts smallint CONSTRAINT outbox_attempts_not_null NOT NULL,
    sealed bytea CONSTRAINT outbox_sealed_not_null NOT NULL,
    key_id text CONSTRAINT outbox_key_id_not_null NOT NULL,
    reason text,
    updated_at timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['reminder'::text, 'confirmation'::text, 'manage_link'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'claimed'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text])))
);
CREATE TABLE public.outbox_20261127 (
    subscriber_id bigint CONSTRAINT outbox_subscriber_id_not_null NOT NULL,
    night date CONSTRAINT outbox_night_not_null NOT NULL,
    kind text CONSTRAINT outbox_kind_not_null NOT NULL,
    state text CONSTRAINT outbox_state_not_null NOT NULL,
    not_before timestamp with time zone CONSTRAINT outbox_not_before_not_null NOT NULL,
    expires_at timestamp with time zone CONSTRAINT outbox_expires_at_not_null NOT NULL,
    lease_until timestamp with time zone,
    claimed_by text,
    attempts smallint CONSTRAINT outbox_attempts_not_null NOT NULL,
    sealed bytea CONSTRAINT outbox_sealed_not_null NOT NULL,
    key_id text CONSTRAINT outbox_key_id_not_null NOT NULL,
    reason text,
    updated_at timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['reminder'::text, 'confirmation'::text, 'manage_link'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'claimed'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text])))
);
CREATE SEQUENCE public.person_id
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.schedule (
    subscriber_id bigint NOT NULL,
    next_due_at timestamp with time zone NOT NULL
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='50000');
CREATE TABLE public.signup (
    id bigint NOT NULL,
    address_key bytea NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    zone text NOT NULL,
    minute smallint NOT NULL,
    frequency text NOT NULL,
    language text NOT NULL,
    consents text[] NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT signup_frequency_check CHECK ((frequency = ANY (ARRAY['every'::text, 'second'::text, 'tapering'::text]))),
    CONSTRAINT signup_minute_check CHECK (((minute >= 960) AND (minute <= 1320)))
);
CREATE TABLE public.soft_bounce (
    subscriber_id bigint NOT NULL,
    night date NOT NULL
);
CREATE TABLE public.subscriber (
    id bigint NOT NULL,
    address_key bytea NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    zone text NOT NULL,
    minute smallint NOT NULL,
    frequency text NOT NULL,
    language text NOT NULL,
    status text NOT NULL,
    started_on date NOT NULL,
    confirmed_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    paused_until date,
    stopped_at timestamp with time zone,
    CONSTRAINT subscriber_frequency_check CHECK ((frequency = ANY (ARRAY['every'::text, 'second'::text, 'tapering'::text]))),
    CONSTRAINT subscriber_minute_check CHECK (((minute >= 960) AND (minute <= 1320))),
    CONSTRAINT subscriber_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'stopped'::text, 'suppressed'::text])))
);
CREATE TABLE public.suppression (
    address_key bytea NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT suppression_reason_check CHECK ((reason = ANY (ARRAY['complaint'::text, 'address_unknown'::text, 'undeliverable'::text, 'unsubscribed'::text, 'erased'::text])))
);
CREATE TABLE public.worker (
    name text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    per_second double precision NOT NULL
);
ALTER TABLE ONLY public.night ATTACH PARTITION public.night_202611 FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
ALTER TABLE ONLY public.outbox ATTACH PARTITION public.outbox_20261122 FOR VALUES FROM ('2026-11-22') TO ('2026-11-23');
ALTER TABLE ONLY public.outbox ATTACH PARTITION public.outbox_20261123 FOR VALUES FROM ('2026-11-23') TO ('2026-11-24');
ALTER TABLE ONLY public.outbox ATTACH PARTITION public.outbox_20261124 FOR VALUES FROM ('2026-11-24') TO ('2026-11-25');
ALTER TABLE ONLY public.outbox ATTACH PARTITION public.outbox_20261125 FOR VALUES FROM ('2026-11-25') TO ('2026-11-26');
ALTER TABLE ONLY public.outbox ATTACH PARTITION public.outbox_20261126 FOR VALUES FROM ('2026-11-26') TO ('2026-11-27');
ALTER TABLE ONLY public.outbox ATTACH PARTITION public.outbox_20261127 FOR VALUES FROM ('2026-11-27') TO ('2026-11-28');
INSERT INTO public.alembic_version VALUES
	('0003');
INSERT INTO public.consent VALUES
	(1, 'health', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(1, 'mail', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(1, 'general', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(2, 'health', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(2, 'mail', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(2, 'general', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(3, 'health', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(3, 'mail', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(3, 'general', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(5, 'health', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(5, 'mail', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(5, 'general', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(6, 'health', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(6, 'mail', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(6, 'general', '2026-11-23 12:00:00+00', '2026-11', NULL),
	(4, 'health', '2026-11-23 12:00:00+00', '2026-11', '2026-11-24 20:00:00+00'),
	(4, 'mail', '2026-11-23 12:00:00+00', '2026-11', '2026-11-24 20:00:00+00'),
	(4, 'general', '2026-11-23 12:00:00+00', '2026-11', '2026-11-24 20:00:00+00');
INSERT INTO public.feedback VALUES
	('\x6552348621e8d1cd31e1bf828f006bca29a4016d8fce98828d3665019489c580', '\xbf2b57a502aeba25547f6a4ec4872430377bbb48eb775f96a0887b33017ebe0d7fe1cb76b276340e0f50eb8acefd9042a4e83567cd', '2026-11', '2026-11-24 20:00:00+00', 'no report');
INSERT INTO public.history VALUES
	(3, '\x3ec8bf3e8062a64c4667d2a0ace2a5afdf2bce585aab0716d950687db6da157ee6473dc91271d564f2fb55b9e1e9d910d0fdb8699901020cbac91e00524149822ed124be06db0a8509995facc083a2267c01d15b4fd3a4ff427b7e88ea60ea9b220af9d02d777184ca3f68d587a9efb04eae2d07ce3658be7a69cd64c9609cb70fdde4b8b99c30de86f6b4953193d2bd3e11499b7fbf8ac71adb721f89883257bae13d38b9d568415814cfca67d1f4a218c0e158cabb5ebb710020f5d2dda47fa589eb69ef28a8af22860486de101dbac157d1', '2026-11'),
	(4, '\x15d5aa6e51caca8e4c3cbe758f60a58e76f0c3935551a5e682b8800d55a5822598ec6b32064ff2ea3328597a2d9c71d9d1801040955b7fa2ef6ef36ff44920738fec9f379a0873978604befdada5ed354a6d3bb605f46e2f4d899693dc4c61028ac3a2fb0ab40105a5aa49e2e885604d0bd1856f963fec86f3abc6711dd0cf070b429572a09779933f3fb7176ffce5866d9be81d10775eec9d7e9fc76f07de6fb0dcc0bf112b175f9c1b8f0a5b567650b9ec80995d59b200d520ee3c02023c2b042886', '2026-11'),
	(5, '\x041b66e9ab0716c6bc3621e02c3e9920b23ca10fa11e99dc5826ac882297f9667a6ce297eff8af591422c680bae8261263d11e7ea525fa4503f000259b3ed1c09612fe3f5590019d5e7cf4b7a44bfd6d46b5f40350119f84205d155181457502a0be76b0f49cdcb2899770a9704c31a5c0d349c6c993d38db8f6f1c8f72f07b9482d17be871f105cf891b68265a8e516b34a626e8eec678cbfc5af8b212693df4526b8631a8fb5b56d242958d55f89b8d09f0b75c15136fa97d3636519ad274baafccc', '2026-11'),
	(1, '\x070b341f4088ce8abe1f8e13029c06f629b65b91b838e4e9a027087acbf8415ad645a926c25b5022c300b28e7cfa7affcfe857e2939f0b55d1a54da4724a53d4dc706b9dc1bfb2add43f69946286de3a52dcea4b01eca9104746942348dae19657f260dcc3d49061b14ba9033038ce020011f5c3da681a9b7b9f91d2ccdff3f72f5f07369ef9b446f2cf272eb94fb1e8ffe56f3478e806fd8ed74b6c217fad35b575af3fc3dfcbafa138e8f01f9b64f4ea2bc00158b6a98bac60b64ab297f7bb9a5e121886bd74be55af12f4e84567fb662d3e6df4b78e4e2598402e955fc6d2dddf24b91bfada16312d1f1e7f71c01ba8fec2b89a433a5c8206367469910d7a83', '2026-11'),
	(6, '\xf83fbdd175164564bfeb0d20b65767c250352aec0bc3866973ddae32503aac023821ce666dccbda90ad40c9b68bfdeb4798bfe3f904911cdc9e8b9a85c3e5f020f4f8f24117a983e5895489b6b9bf82f66547bfc81ae244840b33ee79ce6b68ac0e344ab24d1f0953a3f62fd56a48ec79ed67f96ff7feb950beb6a7f670ed5dbae5ab14f377bf7e6dbc24c57b0494e47ef7eb235a30ed00552acacd50c4ae76ab60792358a35cbbba37abf7c1fbf8b70fc9e0e96891c9d5b37c885d0d123ce7303d4a382dead9dc38b3367d99e735825cc64d2eaa1b36555f34c8e90e57fa4a943ad16e9c2e7dff96809a0fdeca81d16563a906200826dbecdeb3bcf4b4775a9d997dfe0c2c0169d28d0070ea115e9ceb3', '2026-11');
INSERT INTO public.night_202611 VALUES
	(1, '2026-11-23', '\xbfb63a47d2c5632e636a071c02767011d47308418c4086bdd290ad08dd3bc1ec95169a5aec85bb9c7e9bf437d5e7ce05588158ff3ec70505b5e644f6fb7ba65589ec7047ea950a2d9862aa594095c1ec8f3b1eebab322103565a00429ecf359eddefc13ef70a67c3ee811998012ff1f2b79b528ff27e7e385ec17dd6e73db811d7a2016076bacead51fedf38da993972ea5d13852b5c7a708a07fd330ae6920bd321578c6b89e0b468cdcf013a619ea7de6a51524065f2fc15994f5c105cf38d5dc6641d8349007c490a5d6af93d9e96f35fad1a4ec93d0d945739e9b254ee5249fe014715f7ca83ea6d2b9a35256ba7237601f6563ea2f54468161c23129c6a4fe770df180424edd0254252947226ff17e55a03ee84eb7ba7cc39f7eeb24088faf5c0395c4da51b83ba609e9216792d70c2ad97f868d7b8c09cfc28388a3de1e9f0de08f49cd363854f2296510f1c36dbf43663c536103aff8836794f8c61d82007286f7952db0376ef10f13db169b41fd757570b70cabff1fb40d9e288cfd55efb132ca67e1a543491143eb913663466d269659d42c7e5228ae572b528a11cb1ebf189e2b89a977d3369d0e469a689b467725cc9f36e4874bcdd07bf0d219ffd84a2be444a069a50eb8639842133f34bd96a7994c6868afbe9c9a5ddf14be7e66a434a76e9c5ec0596767ce7398cecfdba6e0b80fb2330481d2ac676f6513e0bf5ad3030502aa394b420847e3157eeb69671f050f76ad7d65925459dca8e2edd995b9e335edeb53a28aa21712b07f2dbd39f41bbbbca060f9ca07bcc7d7140db6d91a0c7362f738e58f830365c04c92f5de63ad462e1dcf98bf473895cdfa5bcf7b1c226c0e5651b16817c12ebfd7d040b2f5bdcb7d5884a5f1168f283d0130fd5628f3e58feb3ba1c3fbd303b1cdb58a4462365623246f28c9b1dfa977d89b5648bf7280135c0d513060578a2388e1bd2fd76859e0eaba23a054389e1d849c0a3a61f90ffde8b2c28541461b030117fd27babb170ec61e9af29c645c1417d4b751f559550f8e5c110441554811033fe0bd7136bbf72f75f89cb2046a91e53d28ffe83e7e42e59f0b7014fa6a1a2f1616684a18e62ef218cb26abe0333dc9eb0ebeb423787d82399e18eced5eb4bbd2a89a5992b90ca95e9cd86eff858368db8923eff0bebf6864a38252e494c2d340d32d0acacc4beea4622cb4541eb6c66ce3b179d243e32fa4e8524d5d9b97059ba0702659bd8d89087afa43ef996c3e6e54a57bc4b3c9ca4d4ab6cf25d2dff1c1279c1e3c6df94883bafbfec0fc554872783f4bfa3cf5b94fd32c0655b49be14aeeba360df6b10f917d817a94b0a007a0e121b4080bbe6ee6457f9bb41b1fa3366903c3abe387d', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(3, '2026-11-23', '\x60f5c5a4972dd554132f695d998f22ec262a9d71d3356c9e71288f6f1eb0309a5816de2c31586c983a30b04f3bb0642ed8f5691d5e356764278e40544182bdf780507aca6bef6663d595fc9a0ef0f5d068d2b120f391ea0faf8bf00258bf0ffa4fa91a6e746a52037d27474534ba014c43ccfece7c6724280c595747a405c4f5b89c6e4b435d5b161388b67d6434e1f6b8551e3d476afa66e11f919acc0d220de84155355da58db7de0c11f32cfbdbe73f8078af2208ee33bf5043cf859bc365712dabc2b94c99fe1fb5f464bf6dee5d7a54e2dd12748a27b4572f877fda6ce7435b45d17ce3a2a3306263baacf0b7131f6a4c3d323ea5720e42e923cacaca53c2cd9feac2ee366d65efeb06b421d0c90bda242aa62a398093d9daa123ddc5edc078658128af53fdc9fea8ec50f8c4a4f8cf84b2d40180f19476ca05586dd7dd90740b2cd719159087f97cd4798cfca5366bcca19591059590dbde74ecfbfb0cfbcc1a314d490de35a8a05a52f452693509eaba6fabdf4cc4606a88d3c7825dac5d2df68b60c6f907424bead77bc520262493e751958e29031362e5128aafd688b9c498f306016ccf40a8378459f5523631a9080d6ca18d6e479a8160dad7d9c8e01dd890db73896608edc5f8832773847ac5bf1fd227d5cd6c2e097672cbe6afef14787d75183d16eb947678a813a88622967778d89563367283e6bfdd117175caa1dfefbbb51f32fe75adafa5b804d12441fca0016728ace3d6f815e48b8152d7ff911706441d207e2de96f21abbefabaa9c403a95045ae3a0c99f240c5961202503e3eaaaa2291806a2660bcf07aa5aab49e0b4320f06f7b39acff87b665913c69ce6add8209f1f28274edd6d48d77f91f4d24f05e4c31743b411019da54825bbc77adb320b5771aa203b3342b51bd66baf9e6e4d3b892dc83c41042b2089e950b4a5a1308832d19f02c1f372dccedaae19021085ea66d84ccb84c1dedefec0b7fd67ef7d13e68f00a510d7eaaa969d193bb772ce8ca25a161dee1d8a9c7d34f72037e5b411ae0b6c4055a58865ea3dc12220fcc4cf9789ff3023942bef050b42aa1b4d58cd4a07d9d9a4d2be89e17f55a5dba7464524c555ea5b98eb14e82f72a9eb62755c65d6d46203131cb432699a9595f131b3b7664d1b01b8c35b1ba2cdda6f08eed83147f02d60014c0f6f1985fb1270db410827d144b2cf6b36dee2b974597881bb4bffb3ba7c12075c6b5f8cfca05037d38464b3ab869a87889cf9047cc8807b8683da3c', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(6, '2026-11-23', '\xa4dcb3b72259e6abb6dd67ce86068894abe96263f93496d09abac475616dcfd5002c87537069e455d76e3efb56bb8abc9a0d2459cc8050196f0667feaea50a908743a9f57be0c28e234d71249df01dacb2e4ca8ee3f78576f6ec32779bb5fcabced819bc46cb4c129599234f99d0274d2541993b49be49c5394478688a1ec154782785b7b7eafcf2495088b7c6d19af4b26290e0b0782c324dd43778bbe99820966b99c0ee438eae49baf863d5c9783e57b34f0669b25fd0bc81f7be6f04164758f4c5ca349f5d5bf99c2f3925f16bc488b367a872a903875d63dda5b9d01e273938915c2ba2720bc52db92e82acf6f36080414ec045827130526369d695e2462e669034f0250f974658a650cfdc7c58324bf66e2ce5334762ce338693ee2ede72e77e815eb68f6049b12eba7c7db8318db00e115747ea5cafc710c9596845a6811f36a998c073c7c8c10be36d1f0d4f3a285e60fbf59a60161371c0996a73bb199fadf88ae6a8fe7b297ee4fd8aa6fa4fbf5347ecef73a6007304fd8eb9b4f4be288b030f35915716c2c3c8a587b2a08b96bd9b129944f5f447d4cb59f63c23dc553b3f54e009db5fa2567b53c1c2c1e598cfcaad3adbecead31d5fde1cc54d93dee2312ee69fadceaf22a570a39ad4f8309f6541ebfd204fb30f2b244ca109c124e776867140d07a9eb8aa7b1cd8689969ea9639f84d9ba3ddf51fa2c03cb4fe52e8c5c27fa4938bf64d1b9dd3d92c26792e4a6ca69e14116d51b0b549943a3d4decb09482d667fa8dc701f2d03a82dec91bd70365adee7d3956726d17d423bb03bc8c56232fd6b8bcff82d7c6d1a8c9337b11fab1b7234d6fc8b6186275cf7611b43be652d864e3101987c911e5a9e56ba3cf4a20d79c0c15d7f7c93e75e65a98fc10e9d7edb3cfda12f19ad2dde865823876f3c9757910f873414e8c39a6b144abb75d88359266d37835697d5fe87744333477ff80771f5465a511a643d778c8ea48d5e098bff28ee0f11359a0fbce214a571f2ea8a3390801a311fe06ef12a1098ddece8aaff457823a042bd3c1eb065c0d4439353036c2ff7a5e0b4b6bb69be6315f6b69f0c9198728e6993ea95838f52ff0f203751e535d3b4bb2bc6e5fb5cb497bb16204e744d6d6915359675a38d1425b1ab1ddf1647308f4cddc5aba576c588866b81683cfb7f46497f7c6890ff3de647b385e1e2287592ac2fa71c93424f70143a4d139e157c6443b7a998ff36dc999c46d6a5dfb6638749c4260e96c7bf7e948101384ed50c9b8', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(4, '2026-11-23', '\xd1dfe8a85049a59e089858759c370f845b8a60954e98f788815fe41e07ecb0348cb1a14f1aa1c6f5e0ebbb54536c3ead00cc75640a41fdeeca7d5a3a46c05dce9ed178f2159c98857eade094f5196147f57a475f1c2316c5e2ee11e17a1118b4fb1ceb4724971225219db3f19cafcbc6fdfbd830a0bede0bdefd65d162d5d0f70e2d4e6f43922361c809f3087d995d4c7b47abd93e24dc962e003d7dd2c74c7bfb88f287a96e85243b4850f216e91510c47aedc2836ef56bff82059a8f87f29297835a5c93785b8f0d37c4cc714d1903d0b8359f3c17d668d6d43947653da1a85292e541f71e09a4066dc6ee0f80ae98d33b717516412dbab53e6d2b69f0ee9ca2468c6129e41b085cbc968a0048160650828fdde3de974fc33a2576cb5cffd3fb8731a514f272762ca118748d3f9c614100df9a92fcaadb8d77b81cc926a7835465d5f62c8804ebbb6209d1a2bb51f6cad68e67a8cb8455fe52de804c10087cfa1aa38dc391f5f6cbc9d31f4af0965cbcc41e389b88eac418d1b356178e87cbe8d0555c40c3fb8d2c4bc11f6314c7768a3002fa1b6fb9e1ebecc874d0c97ea0d631122d9263a29bb339f4841b0f89ad5047e6e9a3f22e1e11a200e79cf44c7ee4bf13c1b48dbc5d599acab6b1893d990f6476c50f5a0ec6a769a3578bdcf7cf528bfd9f42e25427ef785910298b9c64f367f25ae56961fdb653650859d3903ad54d012d229ad514a76e57630d3fce6cf4a618f1a8c43ff09a5add5875d3d4cd01250ddcbc6bca858cc539ecc35ab1e680954b50afb4ffd7fa0251558ec9e2aaf5d14b84e245e197648c2af79cb1de2da29157622e5c148c7358b8585af2b3ecf24ef46253850c94e87dde09c0e263000fccfdc8bf740744d6e8eeeda1ba42efd158ff0ef95043db4e5b3014c986571cb42434b493d0c5d44fddbef0c7fbb30469517f358317aa8aadc77ced824110efda8be8138a2c3fe81e51be1c68e1e979ce6043eb4b413687202296c7b0228a54a8ed54547bacade232d9b7a29a349c85960ac833070a0ee7db2b316c40a2c27676e5329eb871361aa8352d032a0cf30d1f6c6fab31320a6f288cd722202def3e0d9a46e07ceca6b764883d487be341aa600c6daf13ba08095d13d90f76206f46bbe8d958b68a9c9b5f5c23a9fe4d48a9ef769b2c61fec7f06643d870f11d5c0ecce0344d0c4bb6e431b02dd5e198908c0fe8442add6869d0a50186ff978634f1797698b45a4772c7fcb0da00ced48223e5b56ff6b1fd2e309f1e', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(5, '2026-11-23', '\xbd1440444f0cb16a02085e10519620669ce54059c8b325b70ed8236c435dc0e0e9a4f1ae2ea7c286c261aef688d9447a8a12c3ff763b8296526ee3b7d191fb1ab246d9fd709bc6d87b70ad5ffc92c9d23ea92879276bdac5f7935908210013b7183138b444fc799ee855da262adc19b87d33a6b4abd9e898c613957be5fb824ff0852a0495d3e3cc93f3a21ff2ff0100ce85561d94d812417847e455bb5d6feeba443d2c0606c750d0c54b17bb050183d7777b6e379b913aa6a37f63be65f3bf574adbfd84f321a3d601be9ab2a504ae8679766ba923118e13db5196a22847b5fe1d939d2a46036e97facf688bf3dfd2b84e4d6e215a3bbb2549256243adc8c7429f9a9d6acae7ed3ce07cd299d41d436a59cc39982e5661a97489524d368afd02dd76518224835ed18a5d38f057e1d7312347e2f9f057c6965681b01e701916b9ddba6cfea092273e7142dada02b128afcf2b7747936dad6878db99fca95937fa4615eb1fb163d46839cb7ce959dff203114d59478feb35e97a60ec7fdd22958e1f10d29a870e065e044e348a28b104464a9f4fc4b1b57817bb9a488af4a6d693f304dc75145a8406c9291eb5a1498cf1ca157b2c7399f6df4b98bfd2b87f7a44c7838bf68d3299feac1b87a1207abe6e1f9834a9bec33ff6ea1982b91bad3690036c94fddc1764937469add024063421ade96bdce5a1af638f835cf24c25aa2378bf7812f27f95166dbfe862961460b2aadbd920fc28ba719999ab3e48140cc3b193056a005300c18b08a0c2feaecb9fc485d746ab6036e4adc6f3b4d0eb687e7af0ac5e3610ecf3f4d2c06f79d6e14698217184b9c44b6002cae3a82c325e9c382cb7d092c0a2744cd98495870533713db3c8aa0fc0cc1dec607c3f47669056f4147241064aab81f94dec99da4b281ba42051236128e448d411965a3b5c4e81cd71af843f087475ddab81ec16a100d64a16044e60349f59b0af0e7f292eafb36a06ff186b3588382ab434ba8d1e454b4a2b673a89a5aa8b8951b47af4c7d56869b6140a3119783615b604c4f4226e9e9091cbf03f3e9908738c44c26bc2b814ad3f963093b882f1c0a427ae9bfcff11604e7055add98427bcc171caf57605713701b27ccad59e628f75b18243b1a5db34ce48739a4a18963726976afbdd7a531d5d98bca0e664289401c5b0525352997f9d28696082936f2aafc397d1b7c9b0da0744ff3e088abcbc737464da81b4b7f7034194d5780b8e42c5be27f4d2e84c3bd1db3ffad6230e56bc', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(1, '2026-11-24', '\xfd8147d29eadd752a4acce80dda73903e5bfcc856fb95bb5d7c510f811e4dc0d89a2fa6cc30216da775bd3cbbfbcc5467f8a2c487f4d0e521341dc5b3f8cb56c9ba8c0b9fd8adc50473ef48a29a6407aeb9111c004105045b0d6fecff9e53a50485dc008e368a9f289e6adc0e39cb0fcce3eb1337a82a13a85ab865421c64cffa635e34ce61808ff614ed88d12cde62e876d9c7ef3309cb61df4e02d5204c942c482e0fa8345f8ea5df5cf45c7e1977044255b5ba6e0617209e661ef82999e0293c5cde59bf94d9cee9411e82772b1fa634ff284671f7ec81ca96f0121e0062e88237bf5df593f71dc24e1ad4fad6a227824bd8f04d2a5650b1ebf4a72127dc41c212d8a403212a597c4b18dba1a01a6c0645ecd196f366a47f354fdb1bc5cddd667229a0163834833d53d6f686c4d63aed1313b92644f33b91e8986180cab221e7730003f7fc66c6be36f898b936b72681a34e491fe0fa9d7200331a6a9ad85276e76727e2ca0ca637f9b693a978133266a2ecaf5755989db0c7548259dff6e6f83a63c01a9fea34944791efedca3a9451417120e96eb251b9b819f25f7145e3d3589023ca2dac8a25a33e1cfcc1e289e5f3908e81f7bf85ecc3cffdd90d571111308e360953e111c660dd694a34935b7f7e3a592f7cc17ccbc02236fae0743a02169177b3a3f38e3595456677f59543d011706d7f2b84acd823dbf925e82024fb19c068bd46e035f19fefa7d79c1bf7e5bd69546ab8615354c4ef7dbcc5a52a5a23896d7b37c8377b3fe97845c20de4a8fa76d43b3881192f9d558204f96c9f8eab662317f341afa1143ce93c057c0', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(3, '2026-11-24', '\x4a5ab3db7e7788319e320dae0ed91599906bbc38e448850afaa7d1b4e71380dd9b8a901728f79c2c9e83e62efbfb9060bd981f4cd91af2d888901d5cb27a1e5d3f520626f7a4bb9e47a0ed32ad235da0b3610b4d74d3a1cca4346e8b2b940522ed18be8d625368b4b83cac3d3f7a40a9b30ccf0641b7a5389c7965618cc75cd0732aafdcbd12103ab40764c1007ae2cd2b436cfbc74fa101ff0781774442f6999db0f6f16dc72d6825e11482cf731c04014d4e2897c4b1c7a5290243b4841ed35db7e0eacfd0a4b0eb8495a2c56fb9f7259c4a3255a585101e313a4c5588ddcc8eab7fa4289e2318705457ccfea55efe7484554cda174818037c97b555a9b078974b4f837aab47cb620fe21a95535c850da341f50060a0afad6306a767f6415dd210d19cf958c741255e04b9606b424fb47a606707be25efa9e92e346f907608cb403401790a5c092741a72219e6ba3aaabd4cb0c64dad41c62b6ef858101471989683a0fee0ac8dfd279cab9ac61a76e8191dc04de4ff6f9e8f73c3d827222b57ce8f830cc9e00159f375255592f3bae2332821a388c39e80d2f46f7a95607d520b9b2c054f4b8f89a1fc1fa0c447acd02197b74b496a8b0d5c3d9a78d6fe3b3fa8f2701f95ddf06da5f4e089e1b4793e25d5bb99119f87fcead2aaa2ec2770c9c7e2c51e29f509d8d8ed06d2239446a3c8dae54e0c5e3f5805a3ad13d96a2cbef5f74ee032c7c69414ba67ab7bd37c31d48189a2282af71b80c7cbc0dfe58d90feed516e2d637dd29692e5ec60bbfd94c19b3acb3a351e3d775f250e730c2a30173dbab36ab87e71d58bc195aafeecbb6790e8335e4146928530721baf0f11980b1e197ad98ddfe701c824e205fd389b5e4cda4cefc157d85108ccaaeaa62e0fa1a09ddd193c6b0025f21e999d2ae99bec8f5630aed86e206f217e1d04bbe26439da530e2d5dade78a1944af6c9cb38e0f83b52fe3d64d22bb05c7b79a6a142a84dd1cc9cfc8ed999851cecf5159a9a70081c164e71a7c31ab2d93f1b23ece2b85', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(6, '2026-11-24', '\x35242e30de84fc549aaa89fa4f1f9e3bac4c9450ad4e6fa580424434eb568b0813d91f54c37f7645480521a71103219d5c062d2c569e88b92631762303ba2a2c21bb47754c6dd45ac1cf05b1580284c1782cc6eda520bb34226ed3436e6165b70730e54b70d20279429136dce47dc0cd3e0f53b66e42745da591b8ba8f4da1a79443388363ef25d91a9fe7d8888c053c8e79649894bc16bcda408ca3e9fd2155e62b2d098e5672a051f7fa3e0df303d9b183a800689374e553954d7923af36b2567511b3d9643e03b6ddf04630c1645bbcec1b7355ba3205c303a55a1422dbcd7069ccc390b7170d72b50794f0bdec75127afc12b0b10925387e6872e4a6057252cbc48ad2296585f6b2fbcec5dbbcc1533ca666a3ade60e9371195c50c992f9f042fb40fc518fbbfa6849b3a27f8c7d0f20f973c6d8d8613cd3086c234dadc7d9c173cb53bab02c7da1f01f58402970bc50c070ddc82136ac4177633495dabe24e5369a0df43e8465ff00914dedfeecedac8984f35b00ddea95bed08c48b2444e57d797454cd54ec3c5e7894141591fcbcbe90b682fdbc681d26360e41100f642dc9d5d879036018f767d03b3fef755448dd9f8fe6a12c96095d77fb99b6bf7da0d741de01b82f83aaff577292e1ca9515fcf50afdef7d25cd8ea935a2e49165e686e0add5e33c909c213ac16b1a6adb8747bef8c5247b5ef3bcb67b22a75763e53522c1ff25299012e5a0bd899986fdcada25cfeb1b455c56eb9cc013bedac1bfdf42d2c57fdebacf90ab7c0854a530ddaf94bfdb4016ecb0b9ccd63816399ca3addfc7db977d118522a3db59d625628dcfe626d714a55d86dc8fc48e0fe9451a31ebc55249f64ae501d252df4fbaf0eaa6b6fcdff954db38925490f34fff6dc1e81bde93246a624470867d5b91f086ebfbb0ddd19e9a9237739ef1d335d552912e2e80d65bf036d7578176c3c4e7442fe9e485599fdf1de26143df753441912e950c6ad8906a9af7d0d1bca304361d9daf9970588f9b4b5d2f86a60b0bdfdbc6845668dfe', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(4, '2026-11-24', '\xb0e1873474005e1797478bb7f17d749f003595b2c4e0f75eeb7be5294ed9cbe9d500ae7337f811e4b75949a5d1097dc61bf64e28d9a35f5beae4e554c8ed93c60d0550dc0ecfdd779da044e01b9d162d775bf6efc6d915509374915fe0999811aa93b3c44965e8efc5343cb04e4e30ed8964480f13b048848d21709538c4181c4edc64d26c51757fb02b2ac976c4d363ec58f7829b49d2e3c79b27742f215b7ce3d53c7385aeccaeab7d83ce82d78781ab250f64c37f414701bd23f0147cb9a0682bac76ac5990de8760cf5ee497edad1c360d885763649cd6b7ef4b77b2b51c91d41ff26d0e4da01f6e354e9d7cbda61f9a5e9df426e50485c70f333c9ae21472d1663692bec407a21cb36dd25a76aa6ba0723b18ac0dc440fcd0733116b2e319d9d9e81abf263188d68de6b50135a3caee7cd12cec4933f0b815d0502b6854a14938d2ccc26a9bc8c3c5a344029d56aaec0cad91e23cbc55a3011d4b3655eaa403614c6967a1e697a91dc7027e719f1befe30093879ed2e2a37fe8a74617cb4f334e6781afa2b422d306bafd305d4b7fc43f5a4c8c422035e66963fabf049899aa3d7bf1f2645713ce0a695d6297492038d70d1c468216d3f765315f28c98d75ebb2889dcdf939c5af48f4ed16c5a3fba8509ab273f646f9024d0ff262f845195cadb3c7d320d307dd629b4fce141f93e81efd748dd951b9e48491bd1453d921414a010a474ce956d2bc08f24d1449a0042f049fa8bf473122451f4c805c3e3144de989ef87b7506f2419d056541315fb51e5abdfb4217e009', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(5, '2026-11-24', '\x785fdb423779427a973aeb73f29487d51943bf8903fec0540b3e00f098d4200b37ac21a168af3626d1c5a3450fd3c58c5749ebd604a50f13426192dfe1259896f317f1e64f31a9ea69c127ed70afe257dcea070c4e25f891697462c022160c7051930147ef3d4fea6ed564d7bca57c1096ac384cc5f878a1eb2ab47abee641cb54eb5917accaa92bfb7388ec9f375d3d5250fbf1f2fdd9be09ae16fb12a7112313cc33b09d8c84aad236e47575706a5f0d6765cb884acd408e682d558192532ebbab9561d8e7bf8b86299029f723c9e3daa9e958d25880255466b87d4129e450ff68fdf6516728ee1a628d19d4d3bba1b3bec38f10c32c23d99d925697840f1481e6ea71cc222089a9e5e0e7a881a5c4339e8250645d347f48d6c9afb7d950e41c0f59a5deb3a4fe5ddea245ba0b78974173376764b9b8394efb27a91b1da836daf252ac098256ca316926f81070868ace9d026e5c4fc72db578c59766e3d26d95cec6b6a5d4485d03f950ea2b620f41171a5c52a4838adf039abab65a74a7e076ec5347a0c745c3e1e9b37a1404522295c36c12f4e62fad9c21763ef99dc5bcfcef6e9e888edce8cef7e21301c094c88cdae1eada647772063b6a15995db2146aa74234c3383030bf39447005adc207debe33283d5aa8a4c7de88dea40dd41b74dda58d8596e0a9db624ed8459ff4c1806f9ca843f939e58707ac800edd5f39b9f018675ce024f4c026d1325f8d1d47e8756667e401e58d97afdb4b01be6ad0cc5bd9f128c4898a362337be730ff6433d211459d28d09eb832b', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(1, '2026-11-25', '\x1dfc393b6a231d4b566b6119b5bef8d290380fb6f28f7100f9ea52b709f6b4b31dec7f6b29f95d11ceb2e6ebae5b968b9ae6c7a35576644353480de2dd92a172b7a4381fb75cf2216f8c50ad712d2de5dd333f52cebc93b01ef6a714e6c00489df8fb51014946d10d8c1af58126c0b167deca9f217d918f686f23fbe0251af8f52da6937d42376d6b78183f148b5701425127befa540f4423fedff00e6b75b4dffd70fb3ce804fc15580c38fe1cd5ba337cd3fc362e99da0238ee8f8c383e33992f94b5314b52ff32adfaa2ef6b313393ec77e364108cdaed7cfa14d0d16f72929a80b7431a420d5cce632e6651cd370062555ad180d6b0a7b13b274c5e1019b62e2cb0f32c437f6dea4532677cceabd20391c020567293220521623643335a78cc35d9420e0a65666e66c04ac8dd20f3073264fcde4dc5bced4159662e6fa614cc6ef4396c145a46437158475837f0444e5f1695d08ca26eebaad668930eb3f72362c6c2e1840355c02325ddf3181aed4061f459c4492ee92553c94a7e95420781c5d6987b64d79ac551c3efdf1de7621f07359c287fd1d057c6364bd083345b23235f1eca6e6d4c5aea7d2ef248317f0d5cd815a94f5b8b5cc9856ab5768b8406419ed6bc977d3523fb566b156e4c6f527fa35220ad9563bb0ade9caa479bda9c229253ac8a2c4f0991a5acf0ba9e1ada25b595abc563454b180fdb811dd418e858a08ffa45c664abdc59855a37aa0e3064fd4073dcaa9c6ddd4f6f8bfca27daa6491c0e9ba2655a61ff50afcd6fe766d6380bcb90a20fbbfccad3c3709fcad8753b069547b860db0636b387c83acb8195f2e09337aecdda1ddfecfae598b3dbb564e0aa2215', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL),
	(6, '2026-11-25', '\xecf9463ee5726be05082eb6a7d9644d5707277281c602a818a689f505c8750b99fbe98b328f266bfa2eb6584beb1c180afebbf985a20f4eafe7e78c5bacbec14c11f1d251354dbc412a2ff60dd2142fb888f53f6fff00673117d24a522278c32e72411fb1cc980fefc17bed738920619201e8e0525a172421e1535dae4b0e6e6c7b550f17ba18cb5a7a432768d4e3f7f842674bccb431701d23e9b17452711f6a5683bb630c7321ca30f8ae68be122c74dec9706fdb7efbe5a17023c6de97d47cdec4d0f489f07022e707100428aa37458c0f1c3fafa012e67cdb49d86c729588a09cc0ce2eda4237e439b31880b5f9217dc39f27c7c819d6381175c0c11a0921c4ed0d5de37f548b4d13b503281e4e3d8bf0fd15934f6ff63f45a141d886d14e4339bb1b03b083552dd7df50e7db0be9dd910657d55d05ad6b0e87204e19a9eeb0c497e29223fbf854e520d342542f83f11d272363bceb395eefa76ea65ab954a1dc3ed6d0d3f309493abfa052cac13370105a109dd9a4b4e3e06653dfc265b73533bdcb55100539dfa716133086450cfcf645f25105432366d5f5c8a04543efacc9f6fac971ec6dfb96b9603f585443fd2ad8d179492b5e5a8405e4f2c2a2004aeab447d73756fd8fa15d50504e46b881b6eb9d624d63baaa712311007bedb394fb85d7a3a550942244f01cc743393d3cab6584b3c5d50a4c313756d271be872bdd2d2d4e1889a7a709d6e029fa87a8366479383a4ef89e41749ee0d9904c86a7336ee3cdffcc081d7a0e9d2c053783987b5ad54de', '2026-11', '2026-11-23-4dc2ea59f55e', NULL, NULL);
INSERT INTO public.outbox_20261123 VALUES
	(1, '2026-11-23', 'confirmation', 'sent', '2026-11-23 12:00:00+00', '2026-11-24 12:00:00+00', NULL, 'one', 1, '\xed95970f481c8544689001327833bf51a677ab71d2b4dac6c9f1a895e9c641b7c160565031e699b129f7dd8fd276737c2eae1b9213271d', '2026-11', 'accepted', '2026-11-23 12:00:00+00'),
	(2, '2026-11-23', 'confirmation', 'sent', '2026-11-23 12:00:00+00', '2026-11-24 12:00:00+00', NULL, 'one', 1, '\x8c7ec65a3f29ca8eabc980b09205aaffbfdc4bd014963d364fbdbf88a3faba02c3e3ce959290b91d3e39b9f7003fe33f248789bd67ea1d', '2026-11', 'accepted', '2026-11-23 12:00:00+00'),
	(3, '2026-11-23', 'confirmation', 'sent', '2026-11-23 12:00:00+00', '2026-11-24 12:00:00+00', NULL, 'one', 1, '\xefb9c39b191b2c1eddd64e9978a37a85d0bc965e7a39aa4273b6ed4f7c3295003ad2660589f710b202a25c1b7062ddbcd4c18dba66cd15', '2026-11', 'accepted', '2026-11-23 12:00:00+00'),
	(4, '2026-11-23', 'confirmation', 'sent', '2026-11-23 12:00:00+00', '2026-11-24 12:00:00+00', NULL, 'one', 1, '\x1878ac237a5258685aa634579b1b7607b56df96fbab027e866aad46eb526fd297e9b8ad00e5f87dbf1f3258d8ba839822bf51d897eac7c', '2026-11', 'accepted', '2026-11-23 12:00:00+00'),
	(5, '2026-11-23', 'confirmation', 'sent', '2026-11-23 12:00:00+00', '2026-11-24 12:00:00+00', NULL, 'one', 1, '\xcd2c50b7a7c47cf82cf931be70c89562585b83dd091e6e3e27aeaeedae737ddf104ca3fdccebafd812f37c2a05b76ec8890c9eda170275', '2026-11', 'accepted', '2026-11-23 12:00:00+00'),
	(6, '2026-11-23', 'confirmation', 'sent', '2026-11-23 12:00:00+00', '2026-11-24 12:00:00+00', NULL, 'one', 1, '\x66dee7648c95ca5b469f6df72d5061a5003bc05d94f83653825b45b55d163c6bf0e8393547c05203e3c95c9636ef904bbafc73f4465085', '2026-11', 'accepted', '2026-11-23 12:00:00+00'),
	(1, '2026-11-23', 'reminder', 'sent', '2026-11-23 19:01:00+00', '2026-11-23 21:30:00+00', NULL, 'one', 1, '\xe650d8edf481cd6a6414498f0e298ce4e807b13d1751afe26f613d7c173149e249e54e904d6d8939bd9c62e8a85079852cbe250fa8e1086bd407ea9af7698227b0fc210d7981756aad02f8dd698b3d51e32ff9150a762f2c47b9c4ef1051659f5238baee2c558aa8eab03cb0acad5e69b0d51086f3fc95aa337961c0c935b749ea826fcda48fb4583965db8518798864de7c87b6d8c8680c5c57476194a35b41aa53f08326625aed93803ec3d39673d58a267fe07d36f7291911f63dfc3c7cb5ec7688857ccaa3b36d09fb01ab303b8658233dd856fb5a16ff8904e2b43a8fb9b4befed6251ace60f82abf09b15fc023c7a28ff9f44afa2e896a2880167c62fff65fe00ebcbf473e2469d18504e71992eb1e89e8da947e8928aaae7f977bded42f0a9cc65b8068c3e280d1f2a4fb76f11f7af4466ad877f4a152608ef9d06dc38ba42c83e091974ff3ba115b526ccdae02e3bd625200e00d8d06b021d38858f0bdfc02b4276567817a3aba360afc0a582735bbb475722c6083352c5684b2ff70e9224308e3f6e08812a89ef50152de5ac953de69550a31b70bbfbefcebef7dcd9e9efb8c9a82c971cf685da19b27e752827001b60c13a510ccee0a93c019b7e504735720c79a7d1188bc9f849a142be8a7682891cdb56f7082c2dc5d01242b4962fa464a0e52843f790409329a7364be0596e766fce25984da9e2c360feba200e7977fd4300370f807310b3f788fe57b9c530e32cdcc8ecb298c9a141b5b9515257af86e99245c5a7dc6c154ca5415ff0e9e842feb214affb6ef05cb05f97c1547f052889115619ffa64351df5bc7a70001b5054c628fef0a6f710db378ed73d824acefa8755c0280b01e7e4c4f03379547d222320f3cd8eaa5e7ab374709e5e58b296ab17aab1dd1bf287c548105f826699f6c5b3acb05860aa4ce6', '2026-11', 'accepted', '2026-11-23 20:00:00+00'),
	(3, '2026-11-23', 'reminder', 'sent', '2026-11-23 19:01:40+00', '2026-11-23 21:30:00+00', NULL, 'one', 1, '\xc89b59d5b8f718b8798b9d801894400b1c4819781d41971dec56cbeba140aa237269f9cd44c0a942757e944681a5515ae1fff6cfaeedb6fe0e30928eb1c7e63d5912c94b632e6651ab5e8ccdc1e57a91122b50ce9d57a9cc8c8f1c963d7143059ff6086d32f87a1c0424deabd80984851719efa8215afa0e97402af114e211cde019d81b9fb85e35b3ec511aa1ca1a8c94d2dede41e13434f6816edc95e3994a6d3983e86416365470b26d2874f2dfba15d877f44a10117ff75847e816a73d9c34f375a1355cfc91fa9ca9ffb42131a46a74d17d0e5f2152c09111cec54f221e5a95c11ace2133d4d45a21193b1d5123eb09f3e6cc795ef10ce8dbb45435b2b35ca5824a8e002bdf74bf182883d25e4984b58ea9e72e40c334b09a076d6ba386c20b37e28c7c48c6a2f4ac1fcf4a4de084f17864d7b2e79592802f8a7cd14af7c3edd8ef0600c4eff1df56e775a332f2ff583d6523be1fae4162e1e765853a95d48a251a328858543c8e4c248b1b6dd5d0e69d7a596a064f129bf0bb500cb92340641dbadde5c25b4f1c07165792626c7dc956187752a83d6ed0dd6edbf27b555c8bed9c04e0688bd512c2d22806b87b89255d893d58ed7c39677bdec7dc4194e31bed9fb537f4ca715fc4f1bd322a34b829433afc21ff88882ffa94a96ea8007afbf4bc4541ffba0e3960576c0c302aeb83165d398a95a43aed3cc28d117c53c1422a331774aa9627789a6e7aba1a632cd2d61ba34dd1ccb0920665764f3dee92b89af90a01400cb3fec28ea1889fc52ad5fee51fb7c8fc595147df68ccf14b79ad951df7d3f541be66ac30dbfd71dbc61e641c03415138507a6347', '2026-11', 'accepted', '2026-11-23 20:00:00+00'),
	(6, '2026-11-23', 'reminder', 'sent', '2026-11-23 19:01:54+00', '2026-11-23 21:30:00+00', NULL, 'one', 1, '\x5577857a8fb01d6d3d0e07decd39ab3434adf274e0463dd1d08e0e3d3be3adb39a75dc20421ebb28ebed1cbc969b5d1f40b7e742c0a23cafb962eca84a40585ba212ea819aa1691521cf7a06db562ec304f8eb7629ee42bfc99a46b83d1e9cc8f0954742f635ee3496a03f3a747c0a726d941042d2908e784049d4a21f7d6a36b25b12fb6b5ecce023e3c41326dcb120c564b1c22e9cfdce00ca2f4108477187f168330a7583956307178e0fc0b0244ee743ed5d987b8f636bf1b17067da8cbed37eae1527a3979774e0592e8b1234a50a4497d108e8915fd00e48f839b859e36b942d33a1e367ef69a118db70e252f6500c6f0e2f352a160a0705bdab1095adc8906a40b48717b6aefa78369e62e60fde085d4bba1efe3f852b3e9e76546c6d960f83d3456cd7cdc8e7d5fb6dbefffc723721d5403dd6930987689723756fe5f631b3751635e45ec934243956345fdae5e19805cab6696b5b88a988dcc16a3970bc5305c452e45601bab93e8f938050b0a0b263d25693d14a0e40ef2029b4fc79f454f43366f9dbcae377d6a674045e1f158a9079a3366ea6a08088aa8a23eb9a05d314893c21fd0be4a2b0910cc2793b213ac5619306235aaf51791f95813caa2869ef86b12adcd38ab49d2d7039b4973e5bdbdfd757398085c2f1a3cafa1ce2a9f691c27647f80825d763e54558ce1aa0fac3eb18414d1b34f79e4754f28bd4442a2c1a9bc013d835a65e747e020dfcdf321924bbd3c22c4f2d5e320cb09a6355652d7f9e0bd1a8ac1a896f10ed647e36975335d8f2d2d3e644e3e914bf890068af0bc52ce21a74149584053585385e68a605063c07d3b95dc387', '2026-11', 'accepted', '2026-11-23 20:00:00+00'),
	(4, '2026-11-23', 'reminder', 'sent', '2026-11-23 19:03:49+00', '2026-11-23 21:30:00+00', NULL, 'one', 1, '\x2f0c0564616d95af391c6e62713a7e276c7222f94a79fdc2e174b741f63b54f93124059bbba3a8d00349686761b6efdb538fb33253da1ef9d983b7e920e2ec91892a40b48be75e5e3d7a48ef9bab20a25743040eb33b6fcc84a4618351970b8bd4d603f36b7175cc5ced8d051ff76eb26422656aa280265dddf3c046f598302abc9916043faef20dddaca10ba67c46587e05ebde245d4cd6dc4bcda7bad23882bfec36d6902753f1b324db5fae0868b033eb4d0d8a7ff0087739b16484f10c7e23beb3fda187a3e4320c967307886fb756fe085418bbc392d0610c6e9196f460873d1b4eff7e0926f8274e36075494c8d26c1a1e5980a45c8527e1ed285c96e7b36d14e89b96493cc3817dc5dcda0d92099a91b6bef92ce715a9e9bac3e1d85a256376c3179605ca347d8b808c3ed375260a2871b18d7a6ccbf2a1a15d827d05b05e3c3012dd8f081cfe14a6372603559e15422679c06795b2ed1474e08ae29a0ce8dfa5aabef889b6197dc7b82621180c8fba9c9c4d26ccfbd413064d76a50c8782e2cc07c47e4c5d2bd126eeb0d58445020bdaa5eaa2433df340c262ff8c198aa69e56acc53936d408a549e5e320c61bb74437e3c7d837754dfa645bed73a4bca750bf39ac41c0461cffe73a46d67c897e956cd68fc9b4e163e84fb3802e7c25afacc530548a32c385ebe25b6b7c45b689fbc6cdb7a895bc26c3e64760e7a093ffffdc5e032c433fa5f91c0234d209731dfa8630f88ed61ae68e1b429bb858072b528c3cf1b7b6cb8639417576318669397ec4f1c9ce2b94e0ba0b0ddf5eccd99e64a33e5b65b59f3dac761114318e04be8e1db626302c21ac260b', '2026-11', 'accepted', '2026-11-23 20:00:00+00'),
	(5, '2026-11-23', 'reminder', 'sent', '2026-11-23 19:03:53+00', '2026-11-23 21:30:00+00', NULL, 'one', 1, '\x6b1159355949ab8552f0f30c1fc6381d2324bd9ad82fa54f705dbd3ec90c523dd7a3f9a96af3579dbf44926e2adb08f1cbdc9d1efcf6e5b0e080c3be6c592ce5ce03c642506aa190f54512b7adb3127f3cf9012380f7c28257ba6532861373e61384a7bdd9663c1d766f1d37b5ce3153040c07d3eaca07ca6fa2b73f7e7b05a3d147ab24ae4e9ecb037b3a9dcfd1e3c8a183b22991101e0742ac8aa193d2ea06061247b101f231445262a69f55614247601e7ac4e191b54c45aaedcaddc2c76571ff5f609010231888e97e439906fae0d4857c262a787d2e45a28c96a8f179f6c1017edf535bcd2aa5ce790284d4ddfa2563ba1497bb0714bf791db9146e3793a6fc777c1a2685e6d0530584bf8164cddea44f679377c44cd37f61fe26f95c0b59389cc688fd4b60d04ff553a28029c0981c259996d1f33313d50a28f82c0cb588c64dec30bf48ee77512ad244aec1deb1090092abf0fc609d77a253e5b22d46e0b9d3e5d219e50698ffc39a82112c1eef587f2135f61bcdc469fac3942e4d0e54c5f8ae1616f40861e4f2615041fa6f2b69c0e7f3dee5e6aea40d5d388df6f103fbbed8280b615ea31c5c280073e09234a540f18c90c5a7d68f36fb17adbcaa8b7c4f2643f85fe1150bae1e17736572c07fa63d4bcd0f08bea37ee4ca66b7175685319e2efaeb61a3452bbaf055165dee25466893b6cdeb52efbb1bc6b64e53473430d268171a453decb369bcec1016f135d8ab395add490894b2f498a3231d0ebe0e83fd31c5ffafbe586580d53ddbc1f40030cb66b741d5143bcb027d22a68be6f182740b40c84098ea6affcbca005db6799eafb0c1f8a6cc4be5', '2026-11', 'accepted', '2026-11-23 20:00:00+00'),
	(2, '2026-11-23', 'reminder', 'expired', '2026-11-24 01:01:40+00', '2026-11-24 03:30:00+00', NULL, NULL, 0, '\xf5d7c0781c63769d04c1e17ca172545a4e7731af07df35b90bea00f974d1b695c212f2641b1f164f', '2026-11', 'deadline passed', '2026-11-24 20:00:00+00');
INSERT INTO public.outbox_20261124 VALUES
	(1, '2026-11-24', 'reminder', 'sent', '2026-11-24 19:01:00+00', '2026-11-24 21:30:00+00', NULL, 'one', 1, '\xd334e7921ab268238caa15ed6b6269381a678fcd0eee18e8ba37abbd50a395eafcefa330ab426b94ca20c6a41f290c5d1f07d2a57308362b4f462692ab1c2322bc9874ac6674d4bc5def74ed26d8f69450c6232a8d035225958294a0b79b29a1fedc65d0241c95a24c2141335d058a2ae2371799518dcae46fb878b0af14bee5c1ebf2a6d44ae56de1ae3ebc4421a57ef119acb1f919e78fe9c556ba819f03fe8b2028ca6c7f7ec89edb37fe96848d3092ecc6e55daa2eb2f229e93595f7ee397533f1e2047fe40128e518008ebe7a8a22df9be15c456fadf8b7d6ba01f3f6d62b1335e8c176fe21aa68db55b55a2ec030c45f24b768ecc7742d5ee91b5ca6a08d455c956ff0f940628cf5cc01071e9c9670bc9b159263207ab8e9814792f2fc3163240e72853a89ee91afbc44857eb77ed4465a3631a15b40bd4c424032108698ee32759d13bbd0bfb5654c0867275fbce4bf687dbb27e0d073c2fadc077897236ddeac4076d112a5f9970a17000fc0354a95f739b7c7776e5b8ae47a86bb3ab28719bd7385a6de9aff23d6066ea0e17cc37f32eeaea107a19e3720959ada83436e3234992bc06ac9e5a63cfe30eb5cf384fa01e900de2127ce5a387afea23422', '2026-11', 'accepted', '2026-11-24 20:00:00+00'),
	(3, '2026-11-24', 'reminder', 'sent', '2026-11-24 19:01:40+00', '2026-11-24 21:30:00+00', NULL, 'one', 1, '\x50836e2453419d56454929fd4c0fca5bb56a619176b14a3e019c9d72498ee4bb2c5d2850225b8ccb92c61ff6d27a2c59609b74636626d81ad25cb5b4f9f54ca2acc63801975b285d934738157c393d32ec1941e17a58a828101d9642913fc1b216107be8f75f900eff5a476ec1613b33bda7c29a2d000c35b88f22f898d0a108efaf08e93fb78d1ac71d002634d1880c7d79c782bb03a1d7b71815dc3cee0d8b1912caaab0d1841a45d84f8f95f5c9474d0b7df2da28ff33fb5704dc947f06a52e0e02a667316fd394406fd4bd5ef08baa61e94202ed4a704d9414e7fd34d0d4375ddd8cb34d225b8ebf913d73290a163574f932ac9fd02c0140f0aedf5ae614293448b3131edc8f01119ffa4c413978394cf2190d7799fe9b61835979a467bce3228964d2fc9944891322efbd22afc924fd837253b9cc0451c8838ba9f952dc3a8f538db381a520d982569f4e2a5ac03f82ef30e5dfe244c6d3881fd93a6642d96263da1442a433b99a28040b9e2209a2378717475ea2f34dabf4bab0b6e86d85fd48ba964dbca770442d6db46a98506bc4969f71d91ea2816221d3824372939cf4cc840c5d54320fea3ae495162cf00354096d4fccc1778815d2a3de239b41ef3845bf36928d1bb08f4cbf88f41dcbdec183de0524325a52b7eb0fcd1d5fa52aabea3e118312391d7b49e21d0934cc28820dfc356fc29faf8f93f8bc79eeb3fc', '2026-11', 'accepted', '2026-11-24 20:00:00+00'),
	(6, '2026-11-24', 'reminder', 'sent', '2026-11-24 19:01:54+00', '2026-11-24 21:30:00+00', NULL, 'one', 1, '\xf39303a95413be9b0f04282e01533ad9395e71a7017a3346fb7587888a2a93c115141518ecb20200b894e5bdc62d57ca84e5445cce3f655f0cbb92499ee6261447f901c42600dda4ed3fd41f3870e0aa1857090d5cf116ac09482fa441795c0af66264f42bbf504be74e4b8ea3be38def55bf9e982e83c851e91f2c2c3d2893fa5a727b674892b802ef3feaa749017d7ff394c5d2d39f700c0af17ebe15dfc9b7d81a6bc1cd4683b03af26dd36b3616e45937e0434d9010b99ae0aab9a6f1999b62f80651636dd484eae3fbe84d3b9afa9ba7daf6c13d2b9dc893015029d403bdb7a8a653e6e8fa1a6265baa66b7ec18b88e3ab45bbb43d296d6ebaa9c705f4531112152a4ccca48e120598a4a5691547badee5f430a8d6d008bc165f53d6b1ec6670f66e508e684e2121b6dbb83b75ecc3ffe36d0a197b0b82a83bb0144aef04c1b3dff3817b0ec39f77c5066113d855f092421ffcf427f141750d9eff29a8e414885cc6fa52101a119c39c67059425d0419ebdd91a753030566c2c5501b73eb0af7f7dd6a9ae238c09ec3857e9d899d45b03171145f10bf535cc584f823794f3666befe35f1779b38c8872b40bf2d2d8a57a0e66187fe3d2d9ae3626fa353cbc694abc766b94184a7ed17ae8c6caf89fc3d8f0ef91855fecd09549b0758b22ca20c0fe27c0be75b71e33d673d1b6e79c44a6168393455d7939a004f2ae682f7f', '2026-11', 'accepted', '2026-11-24 20:00:00+00'),
	(4, '2026-11-24', 'reminder', 'sent', '2026-11-24 19:03:49+00', '2026-11-24 21:30:00+00', NULL, 'one', 1, '\xd653b02b3232d208724f097423ea208bfa6d5c87cc1b64d6f0fc38f8db3cb7725f633c9c94d2b9e0bcc31f3cb3521ebf2e7865ff7e24947ad5f8cd8b308b8aa417a0bb02d72cb193b3b48398bfb24f822d3ce9ea5f29981367fa719f0dbffeeae9fd95b98a78cb38fbfe16bedbc0871080263d9b865d315bb68b6b740c2b43153028dc4afe863c9355b72b0855cbb9a4335e6315485aad89c936d4eff92dfea8604e22d8d52d1e49d7303f7260beef765c1aab9f3819e0e5b0dd2161873bef6728d93e6dcb582f691757e2d7d1420575f14271d29b4787399ea57a6511ab7b2a9a7c4f547063754bcc1ccd56bd8bd9f2019618b2184fce47212ff453ebf322b51223e830a1748b7272f749942e5dd4e4c6b6a422876aee113d5a2defe6bfd6662623d2eac614b1bdd7231c55f72afa9854924d4df8badfcff3d6a5d4cce5f1a8a0e8c5d828f6b7363b9137f923253a7aa9f4b6dbd30a652acc551fd1a09caca65a9c8f05616f1e23d67bb5af18ef4af1440c22c89c22f7fc03609591f8c4f6caa8b32ab3fa7da9301687e1a6918e48764d6874e3ce1ab57dfd9aa31fa8d69102abf54d6790', '2026-11', 'accepted', '2026-11-24 20:00:00+00'),
	(5, '2026-11-24', 'reminder', 'sent', '2026-11-24 19:03:53+00', '2026-11-24 21:30:00+00', NULL, 'one', 1, '\x18e50d539e4f5d87b45c9ba5c8ed1f1810a53d872169b8e02cc9f890be2ee94d8dc9529f7d25206bf9eba0a911382f08a303cb65051fd4902b1b06d9a53aa5e9b3623233a0dafcfc9ad704ed25ba8e30c989304738bfae5a1a8267774ca4bdd39e66e3534ec953aface0e68e65739a62830c698c8b455aee813f21686afc3d415d644b28aee7ecf7107c80c2caaf2ef7b83f6e74a68e1e87665095a5ebcf16cfee2abb58c557283436dba1cec752ec55b37f189357ba7261014fbaae2160661f418644b37f878340e418d9adc3ea1b72c518c3f4a4ab9b0da67b9a1bfea262ce7b1c645bbd8bd8b79f17e061972b7adf7bab9f99a378f19eb3fe4e57345c8f0824d0c903158b6269905242b2451453ec89cd71a80a507197151f93d8610fb41cb0f7f979da901293b04417cfe460e0a2b61ae205e01911a24359e30ecdc4fb30076f4aedd351c94d5931088882aec2a4a2b628b002b0d9d88fb7b54a45c17f7248e9e8edb8f987912c027fc1c72db31d7bb1f65402f9d955cdab2b243814463b2155deab5fd017af017515fa35bbcb09cfc11892b1b107670493e72e4325a963962c9754f8', '2026-11', 'accepted', '2026-11-24 20:00:00+00'),
	(7, '2026-11-24', 'confirmation', 'due', '2026-11-24 20:00:00+00', '2026-11-25 20:00:00+00', NULL, NULL, 0, '\xc920d926f5285a5ae125da5e325316d64ab60db81f9f32e580bc133a34dbaca401716766ee72d4925aee79a1243164a11b4ae08cb9613e', '2026-11', NULL, NULL),
	(2, '2026-11-24', 'reminder', 'due', '2026-11-25 01:01:40+00', '2026-11-25 03:30:00+00', NULL, NULL, 0, '\x589fd76509483b2c578aafa1faf44ae64f124fd5f56a6cf8e27a7c7961af84a1110da1729ba1c5f4', '2026-11', NULL, NULL);
INSERT INTO public.outbox_20261125 VALUES
	(6, '2026-11-25', 'reminder', 'due', '2026-11-25 19:01:54+00', '2026-11-25 21:30:00+00', NULL, NULL, 0, '\x227110a4541e2098e106a9083a23151d3d7c6071f3afedd0cec8d5499f28369c92db648749c2b1e77de48218fde1ed02f457b62903b43bf6138f8c263cef8d468b9452c5bfc400e2e29d2da336086a552ce962f6a32265fc1d33079d2aa8415515df654072141c545242fe524e6bfb80af64a13cbed493be38cab2cce77742a034c7a4be56a6aaa1f59f866db09909a3d81139e8d5e69e930c64763df7617df8fde8769189709a3aa9e5ad98b68bb76ff2c809fc2f0d3f721efc541f5236009d103981e4c7373c7fd4e00e77235cd216f4a76e12600d85f5322e875f6ff9cfc7bef5e5566895e8fa485630777420a0c6adf550fb75f1e1d6d1e4560848159819400b5120e2c316b20e82e431acb7b95ea62ed1c017ec3b60342f64829747794dfb25ea2f4fe52ca07811012c0d2409154a084f64df78330ccea3149bc3e49a8e7a7e2ad89270ff3b5eaf214c0b8cc6e6d10c5d52b5b7f8d8a438fb0d3f1a3a0003dc1ee3551b260b15e6339a840381e2205035b0101c7d785b1ace08774842eb064d6964cf9b93c2bd76a3de399465f182ec6356d6259ae1c973e4375f00ad64cd94331211', '2026-11', NULL, NULL),
	(1, '2026-11-25', 'reminder', 'sending', '2026-11-25 19:01:00+00', '2026-11-25 21:30:00+00', '2026-11-24 10:23:41.927248+00', 'one', 1, '\x18447ea86bc5c69d15c70b400f50029c6d0b8b3d28eba3313b809f6b154da4f137251d214eb3848faf4babe68fb086f81d1c22a382e775471fee0b731d1a4f6ad5b6428873ce22b462b8da893493e689c50bf638c825cbf79561db2925aa802afbe9e291ee7b36278bcbd608ed566d90fc0533e9d5f32d223a436422a62bf5df13cb66f6265b76352820bed2a8ff1911b2151babe0855626f1f5ba18d3e5b7d1b7d13e752078b9d236988bd3f4e1037f926e19be1e2850e6c83dd12d5e63e8221a52bdde95310b13b7b3e95917e649f9d09bfe9df6c9b36c73a1a0ca990117b90f686c7b44d2f9445c2cfbc81ce87f324a1bda3e8da4d52bc9c9f454503fd2913a12bec8c521409deb47b6de5656865aed3bdb723247642fc7d90c408c224752ad7166b87856c55b882dbf7d23400eac9806c40f33ce0d52f19f0492de2d9160f5566a07bc0edbce29b2e1524e7c48bdee699ad4ea1032c75309d8aa1bcd96a0d8daa47558f52787b0ea284c3b8d848f9537ccd50ec81ce7d7a52277aa3879b52a4c4ac1e99392bcac463017c61cec1e12a1a859a747b552bb712e4c3b09813ec141be466052084a728373a8d310d71ab00c61098b658d2594599e38d9ebbc6f9b677cecef7f2ad613441e5f', '2026-11', NULL, '2026-11-25 19:04:00+00');
INSERT INTO public.schedule VALUES
	(2, '2026-11-26 01:01:40+00'),
	(1, '2026-11-26 19:01:00+00'),
	(6, '2026-11-26 19:01:54+00');
INSERT INTO public.signup VALUES
	(7, '\x6d238a158d7950d3d26bf4ef1f26b76954443cc7a4e23019a8bc69e9617d5a86', '\xe1cefe7b90831523c127594e65fc31acaf5f73c1b2d70b89938586ef306e289827ac266e0edfb1e125bc430c4a1525620a55abd5ac3a5b70db28ef90f0105b0d8d11578b17cd7f48ce46b8918bb50db21ca5e7c4407258ccf605e3a20aa7aea0c79a5e134c00a38056c2f5735b43e669393bd20ca6a4e276f6f8e69ee07208b364c07f92c1c7e222d81c83cd03509877f094010195b7906258b41bda8135336e7907f1203da6d5231c11045dbbe6e0e8b23043ae125c1bd2603a56ec90c26c9dc1c24aa6ac0b8e5ca6cf347f9c964782577cf0201ec16c3c741b01ff83552e682d8268b4ce4bd567e7a78d3ab18fab998ab49f1648c4165c6f876eae477b1440da88b478b93b19ce4472a15c551870b2354840b5a1e7a13fe6ee6a5e2b966725922a7d8d048071', '2026-11', 'Europe/London', 1140, 'every', 'en', '{health,mail,general}', '2026-11-24 20:00:00+00', '2026-12-01 20:00:00+00');
INSERT INTO public.soft_bounce VALUES
	(1, '2026-11-24');
INSERT INTO public.subscriber VALUES
	(1, '\x0ddf589d5ff2e41ea8429fc367bf19d710203b39ee8fcaba0f1a5ca229073ad6', '\xd7619a7803a25438bcf5bc2e7dc1f1b4f8e0384286c4f492924d168b00a65451a21e8b96cb0c3523331eafc88525f8734328572e0485b0eade6d88b0170b3aa77a4b7138aaee2dcb04719754fb891f84573c309e5c699bd5e957776d43be8e311693758e5844d84f0b0903182532bf08f1d3985c2c6d576e14b1553879b92119fe087968a09a479fa4b82febe56ca86aa78cc652af1dc2ace005da5f6d3d946ba0baa3e9d15c26d163a2ec1cdb1ae5300e73cf33d4e810d2ef2905850d32f40d3a298707a45ed90f4dd7f31e4797d3c807ed359959b122b59528a89584f61d051083ffe3a9cd838c7f4b51bffa50805da20c8b38a65eeaf2199b7313d2542c5f916da18287a56900a68922c670128c22789a8dbdc708a34ea101bc18a583aa7868880946684a936d1cbcfb317a1119eba60cf67cc820b236', '2026-11', 'Europe/London', 1140, 'every', 'en', 'active', '2026-11-23', '2026-11-23 12:00:00+00', '2026-11-23 12:00:00+00', NULL, NULL),
	(2, '\x2ea4d5b41600e90320e51661923fd4747a5fc0106e2fc314d8c448778e1cb034', '\x013dcd71e6983819669dfced12e170bba94f1863b0368dcad854fc244e91916f822f603235b4dab8d57f9e63d75867071dde35eede8729e5140649e685bcbea91e7d1542d5f5261be4794457388c10ca21f38b0952f151152c5a6a0831a2761d2379031e52427dc7b76517ca41990f19caca8ab26bfa0b431da96df29aebdc32c6f8f8d2600a1fa2ac5d110b776881d2b4689ccf14408014440633083239dc884c72cfe1e8876117064245c4b7329c25bfc171f58aa495c5358e361cdcce3038f62eccef80e7036171ab22a5028c1cf0c4877b946822098b18992e0ad3548a1d2b9281e60442e077d45a30a0e927f48f866a130126b2a7f5d279e69fa35bde6dbee96158999f10ff6d6807f80b146a99cb8299ccaaebc2f45cb46e8fd2e6131751d49fea16e9b4', '2026-11', 'America/New_York', 1200, 'tapering', 'en', 'active', '2026-11-23', '2026-11-23 12:00:00+00', '2026-11-23 12:00:00+00', NULL, NULL),
	(6, '\x073767952d62671603548ec64d4bbc008671e0b36adeeecf7c4b4297f8577be9', '\x3cd20e267c26ca8f2f081559c2cda30ffa1969fa455736811a79c2631d39158e91c573e6592bc0a4d3f64915edb6f470d7f35a3553e2eaaa041917afb328310858414d5b347939b1e9215e98b554232e4e9454cfdb6b2fb7d94da1fa721e4299b28442d5dc41d4bdf69e4a08f826efffcd9bb22cf7423b3f117e764cb339685d9e29be622f795c7179ae4387c651642f955f1f91fa3a3ddf19c427231e83eb791fe0f3f1fd386614389fb99677b65f67c832b1f52e83000775c0e8beb5b7ed6da98e4ff5a8589858cf0534b7265a19e658b606f514cd661cfef7b1d6e3a78a936aa01fcf14e1582699bd96622174fd1c85c3f2e9ed53b61793dae5bdd0beacc40ad885910f53ec5f3ef3c415e52d050b31cf2dabd69ff4392f38dd827975efe0285cb67ddda84d', '2026-11', 'Europe/London', 1140, 'every', 'en', 'active', '2026-11-23', '2026-11-23 12:00:00+00', '2026-11-23 12:00:00+00', NULL, NULL),
	(5, '\xa3a900265be70703f9a36babee5241fdab1dcd55e8189cde94372e592ddff8e8', '\x126a52943345df86c9699f6d7c1e3a4955837ea9f838dcf6b808392e3315bb06d1e7ddd44210920ce3f3fd55fe7e5e875643b7decd397e10e18c42c3a6dbe333fb945fa9d305572a92282edba530a944fb73d438cb3691b567ad9fa83cc7a7b5a8a942f1e034f109732471eef7b6a734271f7afc49a0c9873f46b50afdc007a92353f31ccc91034ebab6363cacc22e4b67d6307f0755d67f6933bac876ea9d2d1cabecaf308e3786631b06a69ed42bb3927502952579f05ec11648086a4b691f0930cdc03361c7572dc5466f07228e2083ec587fd2ac373ac3b6725e171c3a57593768107af3e12639d823322aa200dc7bbf936bffda67890826656671947306667c29bb6a9cbc2dce7da6b1a9fbeab3400aec8ee3f1f2a6357513884f66527946e3b50c91d61b', '2026-11', 'Europe/London', 1140, 'every', 'en', 'suppressed', '2026-11-23', '2026-11-23 12:00:00+00', '2026-11-24 20:00:00+00', NULL, '2026-11-24 20:00:00+00'),
	(3, '\x2442107caf66f59d5b6d9316b7a8a5b33dc13cc38fa466692eb66fc42866aaba', '\x00032a8b79e4d768e87620cb20dbd88a5c1610e3373ffad1a197c727b585b18d6fc02046f58e7e606c24891138b93bcaad9792e68842aed984ba2870ffe68f3d8c91e1b5ab22523e2465fc9148b00e675d571a86546e13ca8cd178ddde0d6beaf908f5cb04d00aec2db6ab7f47175612eee7fc2691ab4d3747ae1b58c325abfa69c52b76cae0cc7772d685f4aa853f047df1529f0042720da6642c028779aec967db955c53f8bbdc294ec742d4e31ecdb2d374a6901e50cf456c749e788f9b65168f9eccb34cdec1dd6f5f013f0268953481bf526905851ff448758f41782ee736e3e0bd174d2357787053d9c8da7e30ca3a82933bbc45bfeda84477a4a0fbe1f33a58744998a6776fea16fa4205dfe25f63d6371e7c6e1691f96db2acf8b803b64217aa7fb483', '2026-11', 'Europe/London', 1140, 'every', 'en', 'paused', '2026-11-23', '2026-11-23 12:00:00+00', '2026-11-24 20:00:00+00', NULL, NULL),
	(4, '\xf130d7ec09fd2045c2cfb2b4483e2226203ac06f4704bd8f45e0e37b6bcf4875', '\xd5bcb1d3f52fb2d705b26346e646cc0a702e28d47c08d5858c4e5766729db464463af92332ed99eacc06720614408df02af8583ae08b80f3ace7f823dfee4348dac0e6624919adb60b7c78eca3fb3ad3abac9f3732da3d9b74869d0f35d8029d089122cbdbe963c2ff47c975d148ee4e30c1737c17848f39765af23220724632d7bbde9a139ddeed045adf4f8712717997ef5e1cccf4b303594e7dd94b0235ce2b15e22448c54f35ca369c162ba5681bc534877f401efa2c6d4a55ec8e2129e37f9f81de545c0cd79ee9d9c8098c3cda72663efc3660deddc8dbd5b4f47bfd539282c06bbab7659ec68cd5de1ee2047d137300aa302be1d17ad41f1e54dce3f0d5ef88b51aa934b2e294ad43d992e1fca9bf44d9dcefb0e1ef770a92ccca87ea0095a04928e80e', '2026-11', 'Europe/London', 1140, 'every', 'en', 'stopped', '2026-11-23', '2026-11-23 12:00:00+00', '2026-11-24 20:00:00+00', NULL, '2026-11-24 20:00:00+00');
INSERT INTO public.suppression VALUES
	('\xa3a900265be70703f9a36babee5241fdab1dcd55e8189cde94372e592ddff8e8', 'address_unknown', '2026-11-24 20:00:00+00'),
	('\xf130d7ec09fd2045c2cfb2b4483e2226203ac06f4704bd8f45e0e37b6bcf4875', 'unsubscribed', '2026-11-24 20:00:00+00');
INSERT INTO public.worker VALUES
	('one', '2026-11-24 10:22:41.826534+00', 3);
SELECT pg_catalog.setval('public.person_id', 7, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.consent
    ADD CONSTRAINT consent_pkey PRIMARY KEY (subscriber_id, what, given_at);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT feedback_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (subscriber_id);
ALTER TABLE ONLY public.night
    ADD CONSTRAINT night_pkey PRIMARY KEY (subscriber_id, night);
ALTER TABLE ONLY public.night_202611
    ADD CONSTRAINT night_202611_pkey PRIMARY KEY (subscriber_id, night);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (subscriber_id, night, kind);
ALTER TABLE ONLY public.outbox_20261122
    ADD CONSTRAINT outbox_20261122_pkey PRIMARY KEY (subscriber_id, night, kind);
ALTER TABLE ONLY public.outbox_20261123
    ADD CONSTRAINT outbox_20261123_pkey PRIMARY KEY (subscriber_id, night, kind);
ALTER TABLE ONLY public.outbox_20261124
    ADD CONSTRAINT outbox_20261124_pkey PRIMARY KEY (subscriber_id, night, kind);
ALTER TABLE ONLY public.outbox_20261125
    ADD CONSTRAINT outbox_20261125_pkey PRIMARY KEY (subscriber_id, night, kind);
ALTER TABLE ONLY public.outbox_20261126
    ADD CONSTRAINT outbox_20261126_pkey PRIMARY KEY (subscriber_id, night, kind);
ALTER TABLE ONLY public.outbox_20261127
    ADD CONSTRAINT outbox_20261127_pkey PRIMARY KEY (subscriber_id, night, kind);
ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT schedule_pkey PRIMARY KEY (subscriber_id);
ALTER TABLE ONLY public.signup
    ADD CONSTRAINT signup_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.soft_bounce
    ADD CONSTRAINT soft_bounce_pkey PRIMARY KEY (subscriber_id, night);
ALTER TABLE ONLY public.subscriber
    ADD CONSTRAINT subscriber_address_key_key UNIQUE (address_key);
ALTER TABLE ONLY public.subscriber
    ADD CONSTRAINT subscriber_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.suppression
    ADD CONSTRAINT suppression_pkey PRIMARY KEY (address_key);
ALTER TABLE ONLY public.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (name);
CREATE INDEX feedback_age ON public.feedback USING btree (received_at);
CREATE INDEX outbox_lease ON ONLY public.outbox USING btree (lease_until) WHERE (state = ANY (ARRAY['claimed'::text, 'sending'::text]));
CREATE INDEX outbox_20261122_lease_until_idx ON public.outbox_20261122 USING btree (lease_until) WHERE (state = ANY (ARRAY['claimed'::text, 'sending'::text]));
CREATE INDEX outbox_not_sent ON ONLY public.outbox USING btree (night, state, reason) WHERE (state = ANY (ARRAY['failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text]));
CREATE INDEX outbox_20261122_night_state_reason_idx ON public.outbox_20261122 USING btree (night, state, reason) WHERE (state = ANY (ARRAY['failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text]));
CREATE INDEX outbox_evening ON ONLY public.outbox USING btree (not_before) WHERE ((state = 'due'::text) AND (kind = 'reminder'::text));
CREATE INDEX outbox_20261122_not_before_idx ON public.outbox_20261122 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind = 'reminder'::text));
CREATE INDEX outbox_priority ON ONLY public.outbox USING btree (not_before) WHERE ((state = 'due'::text) AND (kind <> 'reminder'::text));
CREATE INDEX outbox_20261122_not_before_idx1 ON public.outbox_20261122 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind <> 'reminder'::text));
CREATE INDEX outbox_20261123_lease_until_idx ON public.outbox_20261123 USING btree (lease_until) WHERE (state = ANY (ARRAY['claimed'::text, 'sending'::text]));
CREATE INDEX outbox_20261123_night_state_reason_idx ON public.outbox_20261123 USING btree (night, state, reason) WHERE (state = ANY (ARRAY['failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text]));
CREATE INDEX outbox_20261123_not_before_idx ON public.outbox_20261123 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind = 'reminder'::text));
CREATE INDEX outbox_20261123_not_before_idx1 ON public.outbox_20261123 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind <> 'reminder'::text));
CREATE INDEX outbox_20261124_lease_until_idx ON public.outbox_20261124 USING btree (lease_until) WHERE (state = ANY (ARRAY['claimed'::text, 'sending'::text]));
CREATE INDEX outbox_20261124_night_state_reason_idx ON public.outbox_20261124 USING btree (night, state, reason) WHERE (state = ANY (ARRAY['failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text]));
CREATE INDEX outbox_20261124_not_before_idx ON public.outbox_20261124 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind = 'reminder'::text));
CREATE INDEX outbox_20261124_not_before_idx1 ON public.outbox_20261124 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind <> 'reminder'::text));
CREATE INDEX outbox_20261125_lease_until_idx ON public.outbox_20261125 USING btree (lease_until) WHERE (state = ANY (ARRAY['claimed'::text, 'sending'::text]));
CREATE INDEX outbox_20261125_night_state_reason_idx ON public.outbox_20261125 USING btree (night, state, reason) WHERE (state = ANY (ARRAY['failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text]));
CREATE INDEX outbox_20261125_not_before_idx ON public.outbox_20261125 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind = 'reminder'::text));
CREATE INDEX outbox_20261125_not_before_idx1 ON public.outbox_20261125 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind <> 'reminder'::text));
CREATE INDEX outbox_20261126_lease_until_idx ON public.outbox_20261126 USING btree (lease_until) WHERE (state = ANY (ARRAY['claimed'::text, 'sending'::text]));
CREATE INDEX outbox_20261126_night_state_reason_idx ON public.outbox_20261126 USING btree (night, state, reason) WHERE (state = ANY (ARRAY['failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text]));
CREATE INDEX outbox_20261126_not_before_idx ON public.outbox_20261126 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind = 'reminder'::text));
CREATE INDEX outbox_20261126_not_before_idx1 ON public.outbox_20261126 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind <> 'reminder'::text));
CREATE INDEX outbox_20261127_lease_until_idx ON public.outbox_20261127 USING btree (lease_until) WHERE (state = ANY (ARRAY['claimed'::text, 'sending'::text]));
CREATE INDEX outbox_20261127_night_state_reason_idx ON public.outbox_20261127 USING btree (night, state, reason) WHERE (state = ANY (ARRAY['failed'::text, 'unknown'::text, 'expired'::text, 'suppressed'::text]));
CREATE INDEX outbox_20261127_not_before_idx ON public.outbox_20261127 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind = 'reminder'::text));
CREATE INDEX outbox_20261127_not_before_idx1 ON public.outbox_20261127 USING btree (not_before) WHERE ((state = 'due'::text) AND (kind <> 'reminder'::text));
CREATE INDEX schedule_due ON public.schedule USING btree (next_due_at);
CREATE INDEX signup_address ON public.signup USING btree (address_key, requested_at);
CREATE INDEX signup_expiry ON public.signup USING btree (expires_at);
CREATE INDEX soft_bounce_night ON public.soft_bounce USING btree (night);
CREATE INDEX subscriber_pause ON public.subscriber USING btree (paused_until) WHERE (paused_until IS NOT NULL);
CREATE INDEX subscriber_stop ON public.subscriber USING btree (stopped_at) WHERE (stopped_at IS NOT NULL);
ALTER INDEX public.night_pkey ATTACH PARTITION public.night_202611_pkey;
ALTER INDEX public.outbox_lease ATTACH PARTITION public.outbox_20261122_lease_until_idx;
ALTER INDEX public.outbox_not_sent ATTACH PARTITION public.outbox_20261122_night_state_reason_idx;
ALTER INDEX public.outbox_evening ATTACH PARTITION public.outbox_20261122_not_before_idx;
ALTER INDEX public.outbox_priority ATTACH PARTITION public.outbox_20261122_not_before_idx1;
ALTER INDEX public.outbox_pkey ATTACH PARTITION public.outbox_20261122_pkey;
ALTER INDEX public.outbox_lease ATTACH PARTITION public.outbox_20261123_lease_until_idx;
ALTER INDEX public.outbox_not_sent ATTACH PARTITION public.outbox_20261123_night_state_reason_idx;
ALTER INDEX public.outbox_evening ATTACH PARTITION public.outbox_20261123_not_before_idx;
ALTER INDEX public.outbox_priority ATTACH PARTITION public.outbox_20261123_not_before_idx1;
ALTER INDEX public.outbox_pkey ATTACH PARTITION public.outbox_20261123_pkey;
ALTER INDEX public.outbox_lease ATTACH PARTITION public.outbox_20261124_lease_until_idx;
ALTER INDEX public.outbox_not_sent ATTACH PARTITION public.outbox_20261124_night_state_reason_idx;
ALTER INDEX public.outbox_evening ATTACH PARTITION public.outbox_20261124_not_before_idx;
ALTER INDEX public.outbox_priority ATTACH PARTITION public.outbox_20261124_not_before_idx1;
ALTER INDEX public.outbox_pkey ATTACH PARTITION public.outbox_20261124_pkey;
ALTER INDEX public.outbox_lease ATTACH PARTITION public.outbox_20261125_lease_until_idx;
ALTER INDEX public.outbox_not_sent ATTACH PARTITION public.outbox_20261125_night_state_reason_idx;
ALTER INDEX public.outbox_evening ATTACH PARTITION public.outbox_20261125_not_before_idx;
ALTER INDEX public.outbox_priority ATTACH PARTITION public.outbox_20261125_not_before_idx1;
ALTER INDEX public.outbox_pkey ATTACH PARTITION public.outbox_20261125_pkey;
ALTER INDEX public.outbox_lease ATTACH PARTITION public.outbox_20261126_lease_until_idx;
ALTER INDEX public.outbox_not_sent ATTACH PARTITION public.outbox_20261126_night_state_reason_idx;
ALTER INDEX public.outbox_evening ATTACH PARTITION public.outbox_20261126_not_before_idx;
ALTER INDEX public.outbox_priority ATTACH PARTITION public.outbox_20261126_not_before_idx1;
ALTER INDEX public.outbox_pkey ATTACH PARTITION public.outbox_20261126_pkey;
ALTER INDEX public.outbox_lease ATTACH PARTITION public.outbox_20261127_lease_until_idx;
ALTER INDEX public.outbox_not_sent ATTACH PARTITION public.outbox_20261127_night_state_reason_idx;
ALTER INDEX public.outbox_evening ATTACH PARTITION public.outbox_20261127_not_before_idx;
ALTER INDEX public.outbox_priority ATTACH PARTITION public.outbox_20261127_not_before_idx1;
ALTER INDEX public.outbox_pkey ATTACH PARTITION public.outbox_20261127_pkey;
ALTER TABLE ONLY public.consent
    ADD CONSTRAINT consent_subscriber_id_fkey FOREIGN KEY (subscriber_id) REFERENCES public.subscriber(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_subscriber_id_fkey FOREIGN KEY (subscriber_id) REFERENCES public.subscriber(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT schedule_subscriber_id_fkey FOREIGN KEY (subscriber_id) REFERENCES public.subscriber(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.soft_bounce
    ADD CONSTRAINT soft_bounce_subscriber_id_fkey FOREIGN KEY (subscriber_id) REFERENCES public.subscriber(id) ON DELETE CASCADE;
