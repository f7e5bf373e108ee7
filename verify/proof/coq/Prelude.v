(* What every file that Backproof writes builds on. To be read and believed: the definitions of the first part.
   The rest are lemmas and tactics, which Coq's kernel checks: a mistake there costs a proof and never makes one. *)

From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(* ------------------------------------------------------------------------------------ definitions, to be believed *)

(* The functions that Coq's library of reals has not. Where Coq's own functions have a value that mathematics
   does not give them (1 / 0, ln (-1), sqrt (-1)) these have one too: the theorems `..._value` exclude such points. *)

Definition expm1 x := exp x - 1.
Definition log1p x := ln (1 + x).
Definition hypot x y := sqrt (x * x + y * y).
Definition asinh x := ln (x + sqrt (x * x + 1)).
Definition acosh x := ln (x + sqrt (x * x - 1)).
Definition atanh x := ln ((1 + x) / (1 - x)) / 2.
Definition arcsin x := atan (x / sqrt (1 - x * x)). (* for -1 < x < 1 *)
Definition arccos x := PI / 2 - arcsin x.
Definition atan2 y x := 2 * atan (y / (sqrt (y * y + x * x) + x)). (* off its cut: y = 0, x <= 0 *)
Definition cbrt x := if Rlt_dec 0 x then exp (ln x / 3) else if Rlt_dec x 0 then - exp (ln (- x) / 3) else 0.
Definition erf x := RInt (fun t => 2 / sqrt PI * exp (- (t * t))) 0 x.
Definition erfc x := 1 - erf x.

(* --------------------------------------------------------------------- derivatives, one lemma for each construction *)

Lemma d_const (c x : R) : is_derive (fun _ : R => c) x 0.
Proof. exact (is_derive_const c x). Qed.

Lemma d_id (x : R) : is_derive (fun t : R => t) x 1.
Proof. exact (is_derive_id x). Qed.

Lemma d_comp (h f : R -> R) (x a b : R) :
  is_derive h (f x) b -> is_derive f x a -> is_derive (fun t => h (f t)) x (b * a).
Proof.
  intros H F. replace (b * a) with (scal a b) by (unfold scal; simpl; unfold mult; simpl; ring).
  exact (is_derive_comp h f x b a H F).
Qed.

Lemma d_plus (f g : R -> R) (x a b : R) :
  is_derive f x a -> is_derive g x b -> is_derive (fun t => f t + g t) x (a + b).
Proof. exact (is_derive_plus f g x a b). Qed.

Lemma d_opp (f : R -> R) (x a : R) : is_derive f x a -> is_derive (fun t => - f t) x (- a).
Proof. exact (is_derive_opp f x a). Qed.

Lemma d_minus (f g : R -> R) (x a b : R) :
  is_derive f x a -> is_derive g x b -> is_derive (fun t => f t - g t) x (a - b).
Proof. exact (is_derive_minus f g x a b). Qed.

Lemma d_mult (f g : R -> R) (x a b : R) :
  is_derive f x a -> is_derive g x b -> is_derive (fun t => f t * g t) x (a * g x + f x * b).
Proof. intros F G. exact (is_derive_mult f g x a b F G Rmult_comm). Qed.

Lemma d_div (f g : R -> R) (x a b : R) :
  g x <> 0 -> is_derive f x a -> is_derive g x b -> is_derive (fun t => f t / g t) x ((a * g x - f x * b) / (g x * g x)).
Proof.
  intros N F G. replace (g x * g x) with (g x ^ 2) by ring. exact (is_derive_div f g x a b F G N).
Qed.

Lemma d_inv (g : R -> R) (x b : R) : g x <> 0 -> is_derive g x b -> is_derive (fun t => / g t) x (- b / (g x * g x)).
Proof. intros N G. replace (g x * g x) with (g x ^ 2) by ring. exact (is_derive_inv g x b G N). Qed.

Lemma d_pow (f : R -> R) (n : nat) (x a : R) :
  is_derive f x a -> is_derive (fun t => f t ^ n) x (INR n * f x ^ pred n * a).
Proof.
  intro F. replace (INR n * f x ^ pred n * a) with (INR n * a * f x ^ pred n) by ring. exact (is_derive_pow f n x a F).
Qed.

Lemma d_exp (f : R -> R) (x a : R) : is_derive f x a -> is_derive (fun t => exp (f t)) x (exp (f x) * a).
Proof. apply (d_comp exp). apply is_derive_Reals, derivable_pt_lim_exp. Qed.

Lemma d_ln (f : R -> R) (x a : R) : 0 < f x -> is_derive f x a -> is_derive (fun t => ln (f t)) x (/ f x * a).
Proof. intro P. apply (d_comp ln). apply is_derive_Reals, derivable_pt_lim_ln, P. Qed.

Lemma d_sqrt (f : R -> R) (x a : R) :
  0 < f x -> is_derive f x a -> is_derive (fun t => sqrt (f t)) x (/ (2 * sqrt (f x)) * a).
Proof. intro P. apply (d_comp sqrt). apply is_derive_Reals, derivable_pt_lim_sqrt, P. Qed.

Lemma d_sin (f : R -> R) (x a : R) : is_derive f x a -> is_derive (fun t => sin (f t)) x (cos (f x) * a).
Proof. apply (d_comp sin). apply is_derive_Reals, derivable_pt_lim_sin. Qed.

Lemma d_cos (f : R -> R) (x a : R) : is_derive f x a -> is_derive (fun t => cos (f t)) x (- sin (f x) * a).
Proof. apply (d_comp cos). apply is_derive_Reals, derivable_pt_lim_cos. Qed.

Lemma d_atan (f : R -> R) (x a : R) :
  is_derive f x a -> is_derive (fun t => atan (f t)) x (/ (1 + f x * f x) * a).
Proof.
  apply (d_comp atan). apply is_derive_Reals. replace (1 + f x * f x) with (1 + f x ^ 2) by ring.
  apply derivable_pt_lim_atan.
Qed.

Definition bell (t : R) := 2 / sqrt PI * exp (- (t * t)).

Lemma bell_continuous (t : R) : continuous bell t.
Proof. apply (ex_derive_continuous bell). unfold bell. auto_derive. exact I. Qed.

Lemma bell_integrable (a b : R) : ex_RInt bell a b.
Proof. apply (@ex_RInt_continuous R_CompleteNormedModule). intros. apply bell_continuous. Qed.

Lemma d_erf (f : R -> R) (x a : R) :
  is_derive f x a -> is_derive (fun t => erf (f t)) x (2 / sqrt PI * exp (- (f x * f x)) * a).
Proof.
  apply (d_comp erf). apply (is_derive_RInt bell _ 0); [| apply bell_continuous].
  apply filter_forall. intro z. apply (@RInt_correct R_CompleteNormedModule), bell_integrable.
Qed.

Lemma erf_opp (x : R) : erf (- x) = - erf x.
Proof.
  change (RInt bell 0 (- x) = - RInt bell 0 x).
  pose proof (RInt_comp_lin (V := R_CompleteNormedModule) bell (-1) 0 0 x (bell_integrable _ _)) as H.
  replace (-1 * 0 + 0) with 0 in H by ring. replace (-1 * x + 0) with (- x) in H by ring. rewrite <- H.
  rewrite (RInt_ext _ (fun t => opp (bell t))).
  - rewrite (RInt_opp (V := R_CompleteNormedModule)); [reflexivity | apply bell_integrable].
  - intros t _. unfold bell. replace ((-1 * t + 0) * (-1 * t + 0)) with (t * t) by ring.
    unfold scal, opp; simpl; unfold mult; simpl; ring.
Qed.

(* ------------------------------------------------------------------------------------- what holds near a point *)

Lemma near_lt (f g : R -> R) (x : R) :
  continuous f x -> continuous g x -> f x < g x -> locally x (fun z => f z < g z).
Proof.
  intros F G H. apply (filter_imp (fun z => 0 < g z - f z)); [intros; lra |].
  apply (continuous_minus g f x G F (fun u => 0 < u)). apply (open_gt 0). unfold minus, plus, opp. simpl. lra.
Qed.

Lemma near_neq (f : R -> R) (x : R) : continuous f x -> f x <> 0 -> locally x (fun z => f z <> 0).
Proof. intros F H. apply (F (fun u => u <> 0)). exact (open_neq 0 (f x) H). Qed.

Lemma d_near (f g : R -> R) (x a : R) : locally x (fun t => f t = g t) -> is_derive f x a -> is_derive g x a.
Proof. exact (is_derive_ext_loc f g x a). Qed.

Lemma d_equal (f : R -> R) (x a b : R) : is_derive f x a -> a = b -> is_derive f x b.
Proof. intros D E. rewrite <- E. exact D. Qed.

Lemma near_all (p q : R -> Prop) (x : R) : (forall z, p z -> q z) -> locally x p -> locally x q.
Proof. exact (filter_imp p q). Qed.

Lemma near_and (p q : R -> Prop) (x : R) : locally x p -> locally x q -> locally x (fun z => p z /\ q z).
Proof. exact (filter_and p q). Qed.

Lemma smooth_near (f : R -> R) (x a : R) : is_derive f x a -> continuous f x.
Proof. intro D. apply (ex_derive_continuous f). exists a. exact D. Qed.

Lemma everywhere (p : R -> Prop) (x : R) : (forall z, p z) -> locally x p.
Proof. exact (filter_forall p). Qed.

(* Two functions with one derivative at x, of which f is the one to the left and the other to the right. *)
Lemma glue (f p q : R -> R) (a b x l : R) :
  a < x < b -> is_derive p x l -> is_derive q x l ->
  (forall z, a < z <= x -> f z = p z) -> (forall z, x <= z < b -> f z = q z) -> is_derive f x l.
Proof.
  intros [A B] P Q L R'. apply is_derive_Reals in P. apply is_derive_Reals in Q. apply is_derive_Reals.
  intros e E. destruct (P e E) as [d1 H1]. destruct (Q e E) as [d2 H2].
  assert (D : 0 < Rmin (Rmin d1 d2) (Rmin (x - a) (b - x))).
  { pose proof (cond_pos d1). pose proof (cond_pos d2). repeat apply Rmin_glb_lt; lra. }
  exists (mkposreal _ D). simpl. intros h N S.
  pose proof (Rmin_l (Rmin d1 d2) (Rmin (x - a) (b - x))). pose proof (Rmin_r (Rmin d1 d2) (Rmin (x - a) (b - x))).
  pose proof (Rmin_l d1 d2). pose proof (Rmin_r d1 d2).
  pose proof (Rmin_l (x - a) (b - x)). pose proof (Rmin_r (x - a) (b - x)).
  assert (- Rabs h <= h <= Rabs h) by (unfold Rabs; destruct (Rcase_abs h); lra).
  destruct (Rle_dec h 0).
  - rewrite (L (x + h)), (L x) by lra. apply H1; [assumption | lra].
  - rewrite (R' (x + h)), (R' x) by lra. apply H2; [assumption | lra].
Qed.

(* ------------------------------------------------------------------------------------------------ small lemmas *)

Lemma below_one (a b : R) : 0 < b -> a < b -> 0 < 1 - a / b.
Proof. intros P L. replace (1 - a / b) with ((b - a) / b) by (field; lra). apply Rdiv_lt_0_compat; lra. Qed.

Lemma mult_neg_r (a b : R) : 0 < a -> b < 0 -> a * b < 0.
Proof. nra. Qed.

Lemma mult_neg_l (a b : R) : a < 0 -> 0 < b -> a * b < 0.
Proof. nra. Qed.

Lemma root_pow (u k : R) (n : nat) : k = INR (S n) -> 0 < u -> exp (ln u / k) ^ S n = u.
Proof.
  intros K P. rewrite <- Rpower_pow by apply exp_pos. unfold Rpower. rewrite ln_exp, K.
  replace (INR (S n) * (ln u / INR (S n))) with (ln u) by (field; apply not_0_INR; discriminate).
  apply exp_ln, P.
Qed.

Lemma sqrt_is_exp (u : R) : 0 < u -> sqrt u = exp (ln u / 2).
Proof. intro P. rewrite <- Rpower_sqrt by exact P. unfold Rpower. f_equal. field. Qed.

Lemma root_square (u : R) : 0 < u -> sqrt u ^ 2 = u.
Proof. intro P. rewrite <- Rsqr_pow2. apply Rsqr_sqrt. lra. Qed.

Lemma cos_square (u : R) : cos u ^ 2 = 1 - sin u ^ 2.
Proof. pose proof (sin2_cos2 u) as H. unfold Rsqr in H. nra. Qed.

Lemma above_hypot (u v : R) : 0 < v -> 0 < u + sqrt (u * u + v).
Proof.
  intro V. pose proof (sqrt_pos (u * u + v)). assert (sqrt (u * u + v) * sqrt (u * u + v) = u * u + v).
  { apply sqrt_sqrt. nra. }
  destruct (Rle_dec 0 u); nra.
Qed.

(* ------------------------------------------------------------------------------------------------------ tactics *)

Ltac new T tac := lazymatch goal with _ : T |- _ => fail | _ => assert T by tac end.

(* a positive number *)
Ltac positive := first
  [ assumption | lra | apply exp_pos | apply PI_RGT_0
  | apply sqrt_lt_R0; positive
  | apply Rmult_lt_0_compat; positive | apply Rdiv_lt_0_compat; positive | apply Rinv_0_lt_compat; positive
  | apply pow_lt; positive | nra | apply Rplus_lt_0_compat; positive ].

(* what is known of the functions in the goal *)
Ltac facts := repeat match goal with
  | |- context [exp ?a] => new (0 < exp a) ltac:(apply exp_pos)
  | |- context [PI] => new (0 < PI) ltac:(apply PI_RGT_0)
  | |- context [sqrt (?a * ?a + ?b)] => new (0 < a + sqrt (a * a + b)) ltac:(apply above_hypot; positive)
  | |- context [sqrt ?a] => new (0 < sqrt a) ltac:(apply sqrt_lt_R0; positive)
  | |- context [sqrt ?a] => new (0 <= sqrt a) ltac:(apply sqrt_pos)
  | |- context [Rabs ?a] => new (0 <= Rabs a) ltac:(apply Rabs_pos)
  end.

Ltac nonzero := first
  [ assumption | lra | apply Rgt_not_eq; positive
  | apply Rinv_neq_0_compat; nonzero
  | apply Rmult_integral_contrapositive_currified; nonzero
  | apply pow_nonzero; nonzero | nra ].

(* a side condition: of `field`, of a derivative *)
Ltac side := cbv beta; facts; repeat split;
  match goal with
  | |- _ <> _ => nonzero
  | |- 0 < _ => positive
  | |- 0 <= _ => first [left; positive | lra | nra]
  | |- _ => first [lra | nra]
  end.

(* the derivative of an expression, which is left in the place of the existential variable *)
Ltac derive := cbv beta; match goal with
  | |- is_derive (fun t => t) _ _ => apply d_id
  | |- is_derive (fun _ => ?c) _ _ => apply (d_const c)
  | |- is_derive (fun t => @?f t + @?g t) _ _ => eapply (d_plus f g); [derive | derive]
  | |- is_derive (fun t => @?f t - @?g t) _ _ => eapply (d_minus f g); [derive | derive]
  | |- is_derive (fun t => @?f t * @?g t) _ _ => eapply (d_mult f g); [derive | derive]
  | |- is_derive (fun t => @?f t / @?g t) _ _ => eapply (d_div f g); [side | derive | derive]
  | |- is_derive (fun t => - @?f t) _ _ => eapply (d_opp f); derive
  | |- is_derive (fun t => / @?f t) _ _ => eapply (d_inv f); [side | derive]
  | |- is_derive (fun t => @?f t ^ ?n) _ _ => eapply (d_pow f n); derive
  | |- is_derive (fun t => exp (@?f t)) _ _ => eapply (d_exp f); derive
  | |- is_derive (fun t => ln (@?f t)) _ _ => eapply (d_ln f); [side | derive]
  | |- is_derive (fun t => sqrt (@?f t)) _ _ => eapply (d_sqrt f); [side | derive]
  | |- is_derive (fun t => sin (@?f t)) _ _ => eapply (d_sin f); derive
  | |- is_derive (fun t => cos (@?f t)) _ _ => eapply (d_cos f); derive
  | |- is_derive (fun t => atan (@?f t)) _ _ => eapply (d_atan f); derive
  | |- is_derive (fun t => erf (@?f t)) _ _ => eapply (d_erf f); derive
  end.

(* what `derive` left, with numerals in the place of natural numbers *)
Ltac written := cbv beta; cbn [Nat.pred]; repeat match goal with
  | |- context [INR ?n] => let z := eval compute in (Z.of_nat n) in
      rewrite (INR_IZR_INZ n); change (Z.of_nat n) with z
  end.

Ltac smooth := eapply smooth_near; derive.

Ltac near := match goal with
  | |- locally _ (fun z => @?p z /\ @?q z) => apply (near_and p q); near
  | |- locally _ (fun z => @?f z < @?g z) => apply (near_lt f g); [smooth | smooth | cbv beta; assumption]
  | |- locally _ (fun z => @?f z <> 0) => apply (near_neq f); [smooth | cbv beta; assumption]
  end.

Ltac words := unfold expm1, log1p, hypot, asinh, acosh, atanh, arccos, arcsin, atan2, cbrt, erfc, Rpower, tan, tanh,
  sinh, cosh in *.

(* One number is below another: by the signs of their parts. *)
Ltac negative := first
  [ lra | apply mult_neg_r; [positive | negative] | apply mult_neg_l; [negative | positive]
  | match goal with |- ?a + ?b < 0 => assert (a < 0) by negative; assert (b < 0) by negative; lra end | nra ].

Ltac ordered := rewrite ?Ropp_involutive, ?Ropp_0, ?exp_0; facts; first
  [ lra | nra | positive
  | match goal with
    | |- _ < 0 => negative
    | |- 0 < _ * _ => apply Rmult_lt_0_compat; ordered
    | |- 0 < _ / _ => apply Rdiv_lt_0_compat; ordered
    | |- 0 < 1 - _ / _ => apply below_one; [positive | lra]
    end ].

(* The branches that are taken, from the innermost outwards. *)
Ltac decided := first [assumption | left; assumption | lra | facts; lra | nra].

Ltac contradicted := exfalso; first
  [ decided
  | match goal with H : ?a <> ?b |- _ => apply H; first [lra | facts; lra | nra | field; side] end ].

Ltac plain a := lazymatch a with
  | context [Rabs _] => fail | context [Rmax _ _] => fail | context [Rmin _ _] => fail
  | context [Rlt_dec _ _] => fail | context [Rle_dec _ _] => fail | context [Req_EM_T _ _] => fail
  | _ => idtac
  end.

Ltac branch := cbv beta; facts; repeat match goal with
  | |- context [Rabs ?a] => plain a; first [rewrite (Rabs_right a) by decided | rewrite (Rabs_left1 a) by decided]
  | |- context [Rmax ?a ?b] => plain a; plain b;
      first [rewrite (Rmax_left a b) by decided | rewrite (Rmax_right a b) by decided]
  | |- context [Rmin ?a ?b] => plain a; plain b;
      first [rewrite (Rmin_left a b) by decided | rewrite (Rmin_right a b) by decided]
  | |- context [Rlt_dec ?a ?b] => plain a; plain b; destruct (Rlt_dec a b); try solve [contradicted]
  | |- context [Rle_dec ?a ?b] => plain a; plain b; destruct (Rle_dec a b); try solve [contradicted]
  | |- context [Req_EM_T ?a ?b] => plain a; plain b; destruct (Req_EM_T a b); try solve [contradicted]
  end.

(* one expression without branches and another with them *)
Ltac same := words; branch; first [reflexivity | f_equal; reflexivity | lra | field; side].

(* The parts of a theorem that something has a value. *)
Ltac has_value := repeat apply conj; intros; words; branch; first [side | contradicted | facts; decided].

(* That a point is in a cell. *)
Ltac inside := repeat apply conj; words; rewrite ?cos_0, ?sin_0, ?exp_0; first [lra | facts; lra | facts; nra].

(* Functions at the point of a kink, where arguments become 0. *)
Ltac zero a := replace a with 0 by first [lra | ring | (field; side)].

Ltac at_point := repeat match goal with
  | |- context [1 + 1] => replace (1 + 1) with 2 by ring
  | |- context [0 + ?a] => rewrite (Rplus_0_l a)
  | |- context [exp (ln ?a)] => rewrite (exp_ln a) by (facts; positive)
  | |- context [exp (- ln ?a)] => rewrite (exp_Ropp (ln a))
  | |- context [exp ?a] => zero a; rewrite exp_0
  | |- context [sqrt ?a] => first [replace a with 1 by lra; rewrite sqrt_1 | replace a with 0 by lra; rewrite sqrt_0]
  end.

(* An equation at the point of a kink, whose branches are decided there. *)
Ltac settled := words; branch; at_point; first
  [ reflexivity | lra | field; side | nra
  | exfalso; repeat match goal with H : ~ (_ < _) |- _ => revert H | H : _ <> _ |- _ => revert H end; at_point; intros;
    first [lra | match goal with H : ~ (0 < _) |- _ => apply H; ordered end] ].
